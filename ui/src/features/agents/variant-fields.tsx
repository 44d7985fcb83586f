import { Select, Textarea, TextInput } from '@mantine/core';
import { visible } from '@/lib/json-text';
import type { AgentDraft, SkillDraft } from './draft';
import { ModelField } from './model-field';
import classes from './playground.module.css';
import { texts } from './texts';

/** What a variant has of its own. */
export interface Variant {
  /** The place of the fallback model that is asked, from 1; `null` for `model`. */
  fallback: number | null;
  model: string;
  instructions: string;
}

export function variantOf(draft: AgentDraft, skill: SkillDraft | undefined): Variant {
  const { model } = draft.config;
  return { fallback: null, model: typeof model === 'string' ? model : '', instructions: skill?.instructions ?? '' };
}

/** Returns the draft with the model and the instructions of a variant. Fallback models stay where they are. */
export function withVariant(draft: AgentDraft, skill: SkillDraft | undefined, variant: Variant): AgentDraft {
  const { instructions } = variant;
  const model = variant.fallback === null ? variant.model : draft.config.model;
  const skills = draft.skills.map((one) => (one.key === skill?.key ? { ...one, instructions } : one));
  return { ...draft, config: { ...draft.config, model }, skills };
}

const OTHER = 'other';

interface VariantFieldsProps {
  agentId: string | null;
  draft: AgentDraft;
  variant: Variant;
  /** Absent where it is only shown. */
  onChange?: (variant: Variant) => void;
}

/** The model and the instructions of a column. */
export function VariantFields({ agentId, draft, variant, onChange }: VariantFieldsProps) {
  const { fallback, model, instructions } = variant;
  return (
    <div className={classes.fields}>
      {onChange && draft.fallbacks.length > 0 && (
        <Select
          label={texts.playground.asked}
          data={[
            { value: OTHER, label: texts.playground.otherModel },
            ...draft.fallbacks.map(({ config }, at) => ({
              value: String(at + 1),
              label: texts.playground.nthFallback(at + 1, visible(String(config.model ?? ''))),
            })),
          ]}
          value={fallback === null ? OTHER : String(fallback)}
          allowDeselect={false}
          onChange={(chosen) => onChange({ ...variant, fallback: chosen === OTHER ? null : Number(chosen) })}
        />
      )}
      {fallback !== null ? null : onChange ? (
        <ModelField
          agentId={agentId}
          draft={{ ...draft, config: { ...draft.config, model } }}
          error={undefined}
          onChange={(chosen) => onChange({ ...variant, model: chosen })}
        />
      ) : (
        <TextInput label={texts.playground.model} value={model} readOnly />
      )}
      <Textarea
        label={texts.playground.instructions}
        value={instructions}
        readOnly={!onChange}
        autosize
        minRows={3}
        maxRows={10}
        onChange={(event) => onChange?.({ ...variant, instructions: event.currentTarget.value })}
      />
    </div>
  );
}

import { Textarea, TextInput } from '@mantine/core';
import type { AgentDraft, SkillDraft } from './draft';
import { ModelField } from './model-field';
import classes from './playground.module.css';
import { texts } from './texts';

/** What a variant has of its own. */
export interface Variant {
  model: string;
  instructions: string;
}

export function variantOf(draft: AgentDraft, skill: SkillDraft | undefined): Variant {
  const { model } = draft.config;
  return { model: typeof model === 'string' ? model : '', instructions: skill?.instructions ?? '' };
}

/** Returns the draft with the model and the instructions of a variant. */
export function withVariant(draft: AgentDraft, skill: SkillDraft | undefined, variant: Variant): AgentDraft {
  const { model, instructions } = variant;
  const skills = draft.skills.map((one) => (one.key === skill?.key ? { ...one, instructions } : one));
  return { ...draft, config: { ...draft.config, model }, skills };
}

interface VariantFieldsProps {
  agentId: string | null;
  draft: AgentDraft;
  variant: Variant;
  /** Absent where it is only shown. */
  onChange?: (variant: Variant) => void;
}

/** The model and the instructions of a column. */
export function VariantFields({ agentId, draft, variant, onChange }: VariantFieldsProps) {
  const { model, instructions } = variant;
  return (
    <div className={classes.fields}>
      {onChange ? (
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

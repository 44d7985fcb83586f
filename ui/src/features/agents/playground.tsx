import { Button, Select, Switch } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { trySkill } from '@/api/agents';
import { useMay } from '@/api/use-may';
import { JsonEditor } from '@/components/json-editor';
import { ReasonedButton } from '@/components/reasoned-button';
import { jsonText, parseJson } from '@/lib/json';
import { type AgentDraft, documentOf, isJsonOrEmpty, isReadable, type SkillDraft } from './draft';
import { examplesOf, inputOptions, withExample } from './examples';
import { PastInputs } from './past-inputs';
import classes from './playground.module.css';
import { texts } from './texts';
import { TrialResult } from './trial-result';
import { type Variant, VariantFields, variantOf, withVariant } from './variant-fields';

interface PlaygroundProps {
  /** `null` for a new agent. */
  agentId: string | null;
  draft: AgentDraft;
  onDraft: (draft: AgentDraft) => void;
}

/** Runs a skill as it is in the form, saved or not, and beside it a variant. */
export function Playground({ agentId, draft, onDraft }: PlaygroundProps) {
  const [key, setKey] = useState(draft.skills[0]?.key);
  const skill = draft.skills.find((one) => one.key === key) ?? draft.skills[0];
  const [input, setInput] = useState(() => inputOf(skill));
  const [variant, setVariant] = useState<Variant | null>(null);
  const run = (of: AgentDraft, fallback: number | null = null) =>
    trySkill(agentId, {
      ...(fallback !== null && { fallback }),
      agent: documentOf(of),
      skill: skill?.name.trim() ?? '',
      input_data: parseJson(input || '{}'),
    });
  const { why } = useMay('edit_agents');
  const asInForm = useMutation({ mutationFn: () => run(draft) });
  const asVariant = useMutation({
    mutationFn: (chosen: Variant) => run(withVariant(draft, skill, chosen), chosen.fallback),
  });
  const start = () => {
    asInForm.mutate();
    if (variant) asVariant.mutate(variant);
  };
  const apply = () => {
    if (!variant) return;
    onDraft(withVariant(draft, skill, variant));
    notifications.show({
      message: variant.fallback === null ? texts.playground.applied : texts.playground.appliedInstructions,
    });
  };
  const choose = (chosen: string | null) => {
    const next = draft.skills.find((one) => String(one.key) === chosen);
    setKey(next?.key);
    setVariant(variant && variantOf(draft, next));
    asInForm.reset();
    asVariant.reset();
  };
  return (
    <div className={classes.playground}>
      <p className={classes.hint}>{texts.playground.hints[draft.type]}</p>
      <div className={classes.setup}>
        <div className={classes.choices}>
          <Select
            label={texts.playground.skill}
            data={draft.skills.map((one) => ({ value: String(one.key), label: one.name || '–' }))}
            value={skill ? String(skill.key) : null}
            allowDeselect={false}
            onChange={choose}
          />
          <SavedInputs draft={draft} skill={skill} input={input} onInput={setInput} onDraft={onDraft} />
          {agentId && skill && (
            <PastInputs key={skill.key} agentId={agentId} skill={skill.name.trim()} onInput={setInput} />
          )}
        </div>
        <div>
          <p className={classes.label}>{texts.playground.input}</p>
          <JsonEditor
            label={texts.playground.input}
            value={input}
            isInvalid={!isJsonOrEmpty(input)}
            onChange={setInput}
          />
        </div>
      </div>
      <div className={classes.bar}>
        <ReasonedButton
          reason={why ?? whyNot(draft, skill, input)}
          loading={asInForm.isPending || asVariant.isPending}
          onClick={start}
        >
          {variant ? texts.playground.runBoth : texts.playground.run}
        </ReasonedButton>
        {draft.type === 'llm' && (
          <Switch
            label={texts.playground.compare}
            description={texts.playground.compareHint}
            checked={variant !== null}
            onChange={(event) => setVariant(event.currentTarget.checked ? variantOf(draft, skill) : null)}
          />
        )}
      </div>
      <div className={classes.columns} data-both={variant !== null || undefined}>
        <section aria-label={texts.playground.asInForm} className={classes.column}>
          <h2 className={classes.heading}>{texts.playground.asInForm}</h2>
          {variant && <VariantFields agentId={agentId} draft={draft} variant={variantOf(draft, skill)} />}
          <TrialResult trial={asInForm} skill={skill} />
        </section>
        {variant && (
          <section aria-label={texts.playground.variant} className={classes.column}>
            <div className={classes.head}>
              <h2 className={classes.heading}>{texts.playground.variant}</h2>
              <Button size="compact-xs" variant="default" onClick={apply}>
                {texts.playground.apply}
              </Button>
            </div>
            <VariantFields agentId={agentId} draft={draft} variant={variant} onChange={setVariant} />
            <TrialResult trial={asVariant} skill={skill} />
          </section>
        )}
      </div>
    </div>
  );
}

interface SavedInputsProps {
  draft: AgentDraft;
  skill: SkillDraft | undefined;
  input: string;
  onInput: (input: string) => void;
  onDraft: (draft: AgentDraft) => void;
}

/** The inputs that are kept with the skill. */
function SavedInputs({ draft, skill, input, onInput, onDraft }: SavedInputsProps) {
  const examples = examplesOf(skill?.inputSchema ?? '');
  const options = inputOptions(examples);
  const next = isJsonOrEmpty(input) ? withExample(skill?.inputSchema ?? '', parseJson(input || '{}')) : null;
  const keep = () => {
    if (next === null) return;
    const skills = draft.skills.map((one) => (one.key === skill?.key ? { ...one, inputSchema: next } : one));
    onDraft({ ...draft, skills });
  };
  return (
    <>
      {examples.length > 0 && (
        <Select
          label={texts.playground.saved}
          data={options}
          value={null}
          onChange={(at) => onInput(jsonText(examples[Number(at)] ?? {}))}
        />
      )}
      <div className={classes.keep}>
        <ReasonedButton
          size="xs"
          variant="default"
          reason={next === null ? (isJsonOrEmpty(input) ? texts.playground.isKept : texts.form.notJson) : null}
          onClick={keep}
        >
          {texts.playground.keep}
        </ReasonedButton>
        <p className={classes.hint}>{texts.playground.savedHint}</p>
      </div>
    </>
  );
}

function inputOf(skill: SkillDraft | undefined): string {
  return jsonText(examplesOf(skill?.inputSchema ?? '')[0] ?? {});
}

function whyNot(draft: AgentDraft, skill: SkillDraft | undefined, input: string): string | null {
  if (!skill?.name.trim()) return texts.playground.needsSkill;
  return isReadable(draft) && isJsonOrEmpty(input) ? null : texts.form.notJson;
}

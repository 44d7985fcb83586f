import { Button, Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { Agent, AgentType, Edited } from '@/api/agents';
import { toProblem } from '@/api/problem';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import classes from './agents.module.css';
import { BudgetFields } from './budget-fields';
import { BudgetToday } from './budget-today';
import { ConfigFields } from './config-fields';
import { ConflictNote } from './conflict-note';
import { ConnectionField } from './connection-field';
import { DeleteButton } from './delete-button';
import { type AgentDraft, documentOf, draftOf, freeKey, isReadable, newSkill, type SkillDraft } from './draft';
import { FallbackFields } from './fallback-fields';
import { PriceFields } from './price-fields';
import { ProtectionFields } from './protection-fields';
import { ProtectionState } from './protection-state';
import { AgentConflict, useSaveAgent } from './queries';
import { ServerTools } from './server-tools';
import { SkillFields } from './skill-fields';
import { texts } from './texts';

interface AgentFormProps {
  /** `null` for a new agent. */
  agent: Agent | null;
  draft: AgentDraft;
  onDraft: (draft: AgentDraft) => void;
  onDone: () => void;
}

const TYPES = (['llm', 'http', 'mcp'] as const).map((value) => ({ value, label: texts.types[value] }));

/** The form of an agent, and a way to try it. */
export function AgentForm({ agent, draft, onDraft, onDone }: AgentFormProps) {
  const { why } = useMay('edit_agents');
  const save = useSaveAgent();
  const conflict = save.error instanceof AgentConflict ? save.error.agent : null;
  // What was saved elsewhere is what the next change is made to, once the user has chosen.
  const [edited, setEdited] = useState<Edited | null>(agent);
  const set = (part: Partial<AgentDraft>) => onDraft({ ...draft, ...part });
  const faults = save.isError && !conflict ? toProblem(save.error).faults : [];
  const fault = (pointer: string) => faults.find((one) => one.pointer === pointer)?.detail;
  const submit = (over = edited) => {
    setEdited(over);
    save.mutate(
      { edited: over, document: documentOf(draft) },
      {
        onSuccess: (saved) => {
          notifications.show({ message: texts.form.saved(saved.name), color: 'green' });
          onDone();
        },
      },
    );
  };
  const load = (theirs: Agent) => {
    onDraft(draftOf(theirs));
    setEdited(theirs);
    save.reset();
  };
  const setSkill = (key: number, part: Partial<SkillDraft>) =>
    set({ skills: draft.skills.map((skill) => (skill.key === key ? { ...skill, ...part } : skill)) });
  return (
    <div className={classes.form}>
      <div className={classes.pair}>
        <TextInput
          label={texts.form.name}
          value={draft.name}
          error={fault('/name')}
          data-autofocus
          required
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <Select
          label={texts.form.type}
          data={TYPES}
          value={draft.type}
          error={fault('/agent_type')}
          allowDeselect={false}
          onChange={(type) => set({ type: (type as AgentType | null) ?? draft.type })}
        />
      </div>
      <Textarea
        label={texts.form.description}
        value={draft.description}
        error={fault('/description')}
        autosize
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <ConfigFields agentId={agent?.id ?? null} draft={draft} fault={fault} onChange={(config) => set({ config })} />
      <ConnectionField agentId={agent?.id ?? null} draft={draft} />
      {draft.type === 'llm' && (
        <>
          <PriceFields
            of={texts.prices.theModel}
            prices={draft.prices}
            fault={(key) => fault(`/prices${key}`)}
            onChange={(prices) => set({ prices })}
          />
          <FallbackFields
            provider={draft.config.provider}
            fallbacks={draft.fallbacks}
            fault={fault}
            onChange={(fallbacks) => set({ fallbacks })}
          />
        </>
      )}
      <div className={classes.pair}>
        <TextInput
          label={texts.form.category}
          value={draft.category}
          error={fault('/category')}
          onChange={(event) => set({ category: event.currentTarget.value })}
        />
        <TagsInput label={texts.form.tags} value={[...draft.tags]} onChange={(tags) => set({ tags })} />
      </div>
      <h2 className={classes.heading}>{texts.form.skills}</h2>
      {draft.skills.map((skill, at) => (
        <SkillFields
          key={skill.key}
          skill={skill}
          number={at + 1}
          type={draft.type}
          fault={(key) => fault(`/skills/${at}${key}`)}
          canRemove={draft.skills.length > 1}
          onChange={(part) => setSkill(skill.key, part)}
          onRemove={() => set({ skills: draft.skills.filter((one) => one.key !== skill.key) })}
        />
      ))}
      <div>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => set({ skills: [...draft.skills, newSkill(freeKey(draft.skills))] })}
        >
          {texts.form.addSkill}
        </Button>
      </div>
      {agent?.agent_type === 'mcp' && draft.type === 'mcp' && (
        <ServerTools agent={agent} skills={draft.skills} onChange={(skills) => set({ skills })} />
      )}
      <ProtectionFields draft={draft} fault={fault} onChange={(protection) => set({ protection })} />
      {agent?.protection && <ProtectionState agent={agent} />}
      {draft.type === 'llm' && <BudgetFields draft={draft} fault={fault} onChange={(budget) => set({ budget })} />}
      {agent?.budget && <BudgetToday agent={agent} />}
      {conflict && <ConflictNote onLoad={() => load(conflict)} onKeep={() => submit(conflict)} />}
      {save.isError && !conflict && <ProblemCard problem={save.error} />}
      <div className={classes.actions}>
        {agent ? <DeleteButton agent={agent} onDone={onDone} /> : <span />}
        <Button variant="default" onClick={onDone}>
          {texts.form.cancel}
        </Button>
        <ReasonedButton
          reason={why ?? (isReadable(draft) ? null : texts.form.notJson)}
          loading={save.isPending}
          onClick={() => submit()}
        >
          {texts.form.save}
        </ReasonedButton>
      </div>
    </div>
  );
}

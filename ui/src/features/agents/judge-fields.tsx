import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isRecord } from '@/lib/json';
import classes from './agents.module.css';
import { agentsQuery } from './queries';
import { texts } from './texts';

interface JudgeFieldsProps {
  judge: unknown;
  /** Returns the server's fault at a key of the guardrail, given as `/key`. */
  fault: (key: string) => string | undefined;
  onChange: (judge: Record<string, unknown>) => void;
}

/** The skill of an agent that judges a value. */
export function JudgeFields({ judge, fault, onChange }: JudgeFieldsProps) {
  const { guardrails: words } = texts;
  const agents = useQuery(agentsQuery()).data ?? [];
  const config = isRecord(judge) ? judge : {};
  const [id, skill] = [textOf(config.agent_id), textOf(config.skill)];
  const agent = agents.find((one) => one.id === id);
  // A judge takes one call.
  const skills = (agent?.skill_definitions ?? []).filter((one) => (one.tools ?? []).length === 0);
  const names = [...new Set([...skills.map((one) => one.name), ...(skill ? [skill] : [])])];
  const choices = agents.map((one) => ({ value: one.id, label: one.name }));
  return (
    <>
      <p className={classes.hint}>{words.judgeHint}</p>
      <div className={classes.pair}>
        <Select
          label={words.judge}
          data={id && !agent ? [...choices, { value: id, label: id }] : choices}
          value={id || null}
          error={fault('/judge') ?? fault('/judge/agent_id')}
          searchable
          required
          allowDeselect={false}
          onChange={(value) => onChange({ ...config, agent_id: value ?? '', skill: '' })}
        />
        <Select
          label={words.judgeSkill}
          data={names}
          value={skill || null}
          error={fault('/judge/skill')}
          required
          allowDeselect={false}
          onChange={(value) => onChange({ ...config, skill: value ?? '' })}
        />
      </div>
    </>
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

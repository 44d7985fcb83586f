/** The differences between two versions of an agent. */
import type { AgentVersion, Skill } from '@/api/agents';
import type { ChangeKind } from '@/components/changes';
import { type Change, changesBetween } from '@/lib/changes';
import { isSameJson } from '@/lib/json';

interface SkillChange {
  kind: ChangeKind;
  name: string;
  /** The changes of a changed skill. */
  changes: readonly Change[];
}

export interface AgentDiff {
  fields: readonly Change[];
  skills: readonly SkillChange[];
}

/** What belongs to the version, or is shown with its skills. */
const ELSEWHERE = ['version', 'created_at', 'is_current', 'skills', 'skill_definitions', 'source', 'budget_today'];
/** What may be missing as a whole, and is compared setting by setting. */
const SETTINGS = ['budget', 'protection', 'prices'];

export function diffAgents(before: AgentVersion, after: AgentVersion): AgentDiff {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof AgentVersion)[];
  const fields = keys
    .filter((key) => !ELSEWHERE.includes(key))
    .flatMap((key) => changesBetween(settingsOf(before, key), settingsOf(after, key), key));
  return { fields, skills: diffSkills(before.skill_definitions, after.skill_definitions) };
}

function settingsOf(version: AgentVersion, key: keyof AgentVersion): unknown {
  return version[key] ?? (SETTINGS.includes(key) ? {} : version[key]);
}

/** Skills are the same by their name. */
function diffSkills(before: readonly Skill[], after: readonly Skill[]): SkillChange[] {
  const old = new Map(before.map((skill) => [skill.name, skill]));
  const kept = new Set(after.map(({ name }) => name));
  const changed = after.flatMap((skill): SkillChange[] => {
    const was = old.get(skill.name);
    if (!was) return [{ kind: 'added', name: skill.name, changes: changesBetween({ name: skill.name }, skill) }];
    if (isSameJson(was, skill)) return [];
    return [{ kind: 'changed', name: skill.name, changes: changesBetween(was, skill) }];
  });
  const removed = before.filter(({ name }) => !kept.has(name));
  return [...changed, ...removed.map(({ name }): SkillChange => ({ kind: 'removed', name, changes: [] }))];
}

/**
 * What the form of a guardrail shows, and how a change of it changes its document.
 *
 * Keys without a field stay as they are. A guardrail that the fields cannot show is kept as it is.
 */
import type { Skill } from '@/api/agents';
import { isRecord, jsonText, parseJson, parseJsonOr } from '@/lib/json';
import { own } from '@/lib/own';

export const STAGES = ['input', 'arguments', 'output'] as const;
export type Stage = (typeof STAGES)[number];
export const CHECKS = ['deny', 'pattern', 'schema', 'judge'] as const;
export type Check = (typeof CHECKS)[number];
export type Then = 'fail' | 'repair' | 'retry' | 'ask';

type Guardrail = NonNullable<Skill['guardrails']>[number];

export interface GuardrailDraft {
  key: number;
  /** Its keys in the document, also those without a field in the form. */
  config: Readonly<Record<string, unknown>>;
  /** The text of `schema` while it is edited. */
  schema: string;
}

export function newGuardrail(key: number): GuardrailDraft {
  return { key, config: { name: '', on: 'output', deny: '' }, schema: '' };
}

export function guardrailDraft(guardrail: unknown, key: number): GuardrailDraft {
  const config = isRecord(guardrail) ? { ...guardrail } : {};
  return { key, config, schema: isRecord(config.schema) ? jsonText(config.schema) : '' };
}

/** Returns the guardrail as its document has it; empty fields are left out. Fails where `isReadable` is false. */
export function guardrailOf({ config, schema }: GuardrailDraft): Guardrail {
  const all = checkOf(config) === 'schema' ? { ...config, schema: schema.trim() && parseJson(schema) } : config;
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')) as Guardrail;
}

/** Whether its schema is JSON, if it has one. */
export function isReadable({ config, schema }: GuardrailDraft): boolean {
  return checkOf(config) !== 'schema' || schema.trim() === '' || parseJsonOr(schema) !== undefined;
}

/** Returns what is checked; `null` where the document says something else. */
export function stageOf(config: GuardrailDraft['config']): Stage | null {
  return STAGES.find((stage) => stage === own(config, 'on')) ?? null;
}

/** Returns how it is checked; `null` where the document says nothing, or several things. */
export function checkOf(config: GuardrailDraft['config']): Check | null {
  const given = CHECKS.filter((check) => has(config, check));
  return given.length === 1 ? (given[0] ?? null) : null;
}

/** Whether the fields can show it. */
export function isShown({ config }: GuardrailDraft): boolean {
  const check = checkOf(config);
  const isText = (key: string) => !has(config, key) || typeof config[key] === 'string';
  const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!stageOf(config) || !check || !['name', 'message', 'then'].every(isText)) return false;
  if (has(config, 'tools') && !isTexts(config.tools)) return false;
  const value = config[check];
  if (check === 'schema' || check === 'judge') return isRecord(value) || value === '';
  return typeof value === 'string';
}

/** Returns what may follow where a value is refused, as the server takes it; the first is the default. */
export function thensOf(stage: Stage, check: Check): readonly Then[] {
  if (stage === 'input') return ['fail'];
  const more: readonly Then[] = check === 'schema' ? ['fail'] : ['fail', 'ask'];
  return stage === 'output' && check !== 'judge' ? ['retry', 'repair', ...more] : ['repair', ...more];
}

/** Returns what follows where a value is refused. */
export function thenOf(config: GuardrailDraft['config'], stage: Stage, check: Check): Then {
  const possible = thensOf(stage, check);
  return possible.find((then) => then === own(config, 'then')) ?? (possible[0] as Then);
}

export function withKey(draft: GuardrailDraft, key: string, value: unknown): GuardrailDraft {
  return { ...draft, config: { ...draft.config, [key]: value } };
}

/** Checks something else: what is no longer possible is left out. */
export function withStage(draft: GuardrailDraft, stage: Stage): GuardrailDraft {
  return possible(withKey(draft, 'on', stage));
}

/** Checks it in another way. A regular expression is kept. */
export function withCheck(draft: GuardrailDraft, check: Check): GuardrailDraft {
  const { pattern, deny, schema: _, judge: __, ...rest } = draft.config;
  const expression = [pattern, deny].find((text) => typeof text === 'string') ?? '';
  const value = check === 'pattern' || check === 'deny' ? expression : {};
  return possible({ ...draft, config: { ...rest, [check]: value } });
}

function possible(draft: GuardrailDraft): GuardrailDraft {
  const [stage, check] = [stageOf(draft.config), checkOf(draft.config)];
  const { tools, then, ...rest } = draft.config;
  const isPossible = stage && check && thensOf(stage, check).some((one) => one === then);
  const config = {
    ...rest,
    ...(stage === 'arguments' && tools !== undefined && { tools }),
    ...(isPossible && { then }),
  };
  return { ...draft, config };
}

function has(config: GuardrailDraft['config'], key: string): boolean {
  return (own(config, key) ?? null) !== null;
}

/**
 * What the form of a tool shows, and how a change of it changes its document.
 *
 * Tools that run a flow have fields. Others, and keys without a field, stay as they are.
 */
import type { Skill } from '@/api/agents';
import { isRecord, jsonText, parseJson, parseJsonOr } from '@/lib/json';
import { own } from '@/lib/own';

export const WHENS = ['never', 'always', 'condition'] as const;
/** Which calls of a tool a person has to approve. */
export type When = (typeof WHENS)[number];

type Tool = NonNullable<Skill['tools']>[number];

export interface ToolDraft {
  key: number;
  /** Its keys in the document, also those without a field in the form. */
  config: Readonly<Record<string, unknown>>;
  /** The text of `input_schema` while it is edited. */
  schema: string;
}

/** Returns a tool that runs a flow. */
export function newTool(key: number): ToolDraft {
  return { key, config: { name: '', type: 'flow', flow_id: '' }, schema: '' };
}

export function toolDraft(tool: unknown, key: number): ToolDraft {
  const config = isRecord(tool) ? { ...tool } : {};
  return { key, config, schema: isRecord(config.input_schema) ? jsonText(config.input_schema) : '' };
}

/**
 * Returns the tool as its document has it; empty fields are left out, but for a condition, without which no call would need
 * approval. Fails where `isReadable` is false.
 */
export function toolOf(draft: ToolDraft): Tool {
  if (!isShown(draft)) return draft.config as Tool;
  const { config, schema } = draft;
  const all = { ...config, input_schema: schema.trim() && parseJson(schema) };
  const isSaid = ([key, value]: [string, unknown]) => value !== '' || key === 'approval';
  return Object.fromEntries(Object.entries(all).filter(isSaid)) as Tool;
}

/** Whether its schema is JSON, if it has one. */
export function isReadable(draft: ToolDraft): boolean {
  return !isShown(draft) || draft.schema.trim() === '' || parseJsonOr(draft.schema) !== undefined;
}

/** Whether the fields can show it: it runs a flow, and a text says which calls a person approves. */
export function isShown({ config }: ToolDraft): boolean {
  const isText = (key: string) => (own(config, key) ?? '') === '' || typeof own(config, key) === 'string';
  const schema = own(config, 'input_schema') ?? null;
  const areTexts = ['name', 'description', 'flow_id', 'approval'].every(isText);
  return own(config, 'type') === 'flow' && areTexts && (schema === null || isRecord(schema));
}

export function nameOf({ config }: ToolDraft): string {
  return textOf(own(config, 'name'));
}

export function whenOf(config: ToolDraft['config']): When {
  const approval = own(config, 'approval') ?? 'never';
  return approval === 'always' || approval === 'never' ? approval : 'condition';
}

/** Sets which calls a person has to approve. Without any, none has a time to wait. */
export function withWhen(draft: ToolDraft, when: When): ToolDraft {
  const { approval: _, approval_timeout_seconds, ...rest } = draft.config;
  if (when === 'never') return { ...draft, config: rest };
  const timeout = approval_timeout_seconds === undefined ? {} : { approval_timeout_seconds };
  return { ...draft, config: { ...rest, approval: when === 'always' ? 'always' : '', ...timeout } };
}

export function withKey(draft: ToolDraft, key: string, value: unknown): ToolDraft {
  return { ...draft, config: { ...draft.config, [key]: value } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

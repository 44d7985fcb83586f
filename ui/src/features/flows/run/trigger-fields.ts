/** Finds the fields of the trigger data that a flow reads in its expressions, for a form. */
import type { Flow, Json } from '@/api/types';
import { isNumber, isRecord, parseJson, readNumber, writeJson } from '@/lib/json';

export type FieldKind = 'text' | 'number' | 'json';

export interface TriggerField {
  /** `vendor.id`; unique within a flow. */
  key: string;
  path: readonly string[];
  /** Guessed from its use. */
  kind: FieldKind;
  /** The names of the nodes that read it; empty if only the reference ID uses it. */
  usedBy: readonly string[];
}

/** The content of a field. */
export interface FieldDraft {
  text: string;
  kind: FieldKind;
}

const REFERENCE =
  /\btrigger_data((?:\.[A-Za-z_]\w*|\[\s*(?:"[^"]*"|'[^']*')\s*\])+)(\s*[[(])?\s*((?:[<>]=?|[=!]=|[-+*/])\s*-?\d)?/g;
const STEP = /\.([A-Za-z_]\w*)|\[\s*(?:"([^"]*)"|'([^']*)')\s*\]/g;

/** Returns the fields of the trigger data that the flow reads, in the order of its nodes. */
export function triggerFields(flow: Pick<Flow, 'flow_definition' | 'context_id_template'>): TriggerField[] {
  const found = new Map<string, { path: string[]; kind: FieldKind; usedBy: Set<string> }>();
  const note = (text: string, compared: unknown, user: string | null) => {
    for (const { path, kind } of referencesIn(text, compared)) {
      const key = path.join('.');
      const field = found.get(key) ?? { path, kind, usedBy: new Set<string>() };
      if (field.kind === 'text') field.kind = kind;
      if (user) field.usedBy.add(user);
      found.set(key, field);
    }
  };
  if (flow.context_id_template) note(flow.context_id_template, undefined, null);
  for (const node of flow.flow_definition.nodes) walk(node, (text, of) => note(text, of, node.name || node.id));
  for (const edge of flow.flow_definition.edges ?? []) walk(edge, (text, of) => note(text, of, null));
  const paths = [...found.values()].map((field) => field.path);
  return [...found]
    .filter(([, field]) => !paths.some((other) => isInside(other, field.path)))
    .map(([key, { path, kind, usedBy }]) => ({ key, path, kind, usedBy: [...usedBy] }));
}

function referencesIn(text: string, compared: unknown): { path: string[]; kind: FieldKind }[] {
  return [...text.matchAll(REFERENCE)].map(([, steps = '', after = '', comparison]) => {
    const path = [...steps.matchAll(STEP)].map(([, word, double, single]) => word ?? double ?? single ?? '');
    // `name.upper()` calls a method of the field before it.
    if (after.includes('(') && path.length > 1) path.pop();
    if (after.includes('[')) return { path, kind: 'json' as const };
    return { path, kind: comparison || isNumber(compared) ? 'number' : 'text' };
  });
}

/** Visits every string, with the value that a condition object compares it to. */
function walk(value: unknown, visit: (text: string, compared: unknown) => void, compared?: unknown): void {
  if (typeof value === 'string') visit(value, compared);
  else if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) {
      walk(item, visit, key === 'field' && 'value' in value ? value.value : undefined);
    }
  }
}

function isInside(path: readonly string[], outer: readonly string[]): boolean {
  return path.length > outer.length && outer.every((step, at) => path[at] === step);
}

type JsonObject = { readonly [key: string]: Json };

export type Reading = { value: Json } | { fault: string; key?: string };

/** Merges the fields into `rest`; empty ones are left out. */
export function readFields(
  fields: readonly TriggerField[],
  drafts: Readonly<Record<string, FieldDraft>>,
  rest: JsonObject,
): Reading {
  let data = rest;
  for (const { key, path } of fields) {
    const draft = drafts[key];
    const isEmpty = !draft || draft.text.trim() === '';
    const reading: Reading | null = isEmpty ? null : readDraft(draft);
    if (reading && 'fault' in reading) return { ...reading, key };
    data = withValue(data, path, reading?.value);
  }
  return { value: data };
}

function readDraft({ text, kind }: FieldDraft): Reading {
  if (kind === 'text') return { value: text };
  if (kind === 'json') return readJson(text);
  const number = readNumber(text.replace(',', '.'));
  return number === null ? { fault: 'Not a number.' } : { value: number };
}

export function readJson(text: string): Reading {
  if (text.trim() === '') return { value: {} };
  try {
    return { value: parseJson(text) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function withValue(data: JsonObject, [step, ...path]: readonly string[], value: Json | undefined): JsonObject {
  if (step === undefined) return data;
  const inner = data[step];
  const next = path.length === 0 ? value : withValue(isObject(inner) ? inner : {}, path, value);
  const isGone = next === undefined || (path.length > 0 && isObject(next) && Object.keys(next).length === 0);
  if (!isGone) return { ...data, [step]: next };
  const { [step]: _, ...others } = data;
  return others;
}

/** Reads trigger data into the fields, each with the kind of its value. */
export function draftsOf(fields: readonly TriggerField[], data: Json): Record<string, FieldDraft> {
  const drafts = fields.map(({ key, path, kind }) => {
    const value = path.reduce<Json | undefined>((at, step) => (isObject(at) ? at[step] : undefined), data);
    return [key, draftOf(value, kind)] as const;
  });
  return Object.fromEntries(drafts);
}

function draftOf(value: Json | undefined, kind: FieldKind): FieldDraft {
  if (value === undefined) return { text: '', kind };
  if (typeof value === 'string') return { text: value, kind: 'text' };
  if (isNumber(value)) return { text: String(value), kind: 'number' };
  return { text: writeJson(value), kind: 'json' };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return isRecord(value);
}

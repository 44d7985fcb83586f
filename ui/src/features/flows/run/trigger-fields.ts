/** The form for trigger data: its fields, as the server derives them from the flow, and what was typed into them. */

import type { components } from '@/api/schema';
import type { Json } from '@/api/types';
import { isNumber, isRecord, parseJson, parseJsonOr, readNumber, writeJson } from '@/lib/json';
import { own } from '@/lib/own';
import { texts } from './texts';

export type FieldKind = components['schemas']['ValueType'];
export type TriggerInput = components['schemas']['TriggerInput'];

export interface TriggerField {
  /** `vendor.id`; unique within a flow. */
  key: string;
  path: readonly string[];
  /** What the flow expects. */
  kind: FieldKind;
  /** The names of the nodes that read it. */
  usedBy: readonly string[];
}

/** The content of a field. */
export interface FieldDraft {
  text: string;
  kind: FieldKind;
}

/** Returns the fields of the trigger data that the flow asks for. */
export function triggerFields(input: TriggerInput | undefined): TriggerField[] {
  const fields = input?.fields ?? [];
  return fields.map(({ path, type, used_by }) => ({ key: path.join('.'), path, kind: type, usedBy: used_by }));
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
    const draft = own(drafts, key);
    const isEmpty = !draft || draft.text.trim() === '';
    const reading: Reading | null = isEmpty ? null : readDraft(draft);
    if (reading && 'fault' in reading) return { ...reading, key };
    data = withValue(data, path, reading?.value);
  }
  return { value: data };
}

function readDraft({ text, kind }: FieldDraft): Reading {
  switch (kind) {
    case 'text':
      return { value: text };
    case 'json':
      return readJson(text);
    case 'any':
      return { value: parseJsonOr(text) ?? text };
    case 'boolean':
      return text === 'true' || text === 'false' ? { value: text === 'true' } : { fault: texts.faults.boolean };
    case 'number': {
      const number = readNumber(text.replace(',', '.'));
      return number === null ? { fault: texts.faults.number } : { value: number };
    }
  }
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
  const inner = own(data, step);
  const next = path.length === 0 ? value : withValue(isObject(inner) ? inner : {}, path, value);
  const isGone = next === undefined || (path.length > 0 && isObject(next) && Object.keys(next).length === 0);
  if (!isGone) return { ...data, [step]: next };
  const { [step]: _, ...others } = data;
  return others;
}

/** Reads trigger data into the fields, each with the kind of its value. */
export function draftsOf(fields: readonly TriggerField[], data: Json): Record<string, FieldDraft> {
  const drafts = fields.map(({ key, path, kind }) => {
    const value = path.reduce<Json | undefined>((at, step) => (isObject(at) ? own(at, step) : undefined), data);
    return [key, draftOf(value, kind)] as const;
  });
  return Object.fromEntries(drafts);
}

function draftOf(value: Json | undefined, kind: FieldKind): FieldDraft {
  if (value === undefined) return { text: '', kind };
  if (typeof value === 'string') return { text: value, kind: 'text' };
  if (isNumber(value)) return { text: String(value), kind: 'number' };
  if (typeof value === 'boolean') return { text: String(value), kind: 'boolean' };
  return { text: writeJson(value), kind: 'json' };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return isRecord(value);
}

/** The shapes of values, as values and schemas show them: for the input tree, completion, and what an edge carries. All functions are pure. */

import { entriesOf, isRecord, kindOf } from '@/lib/json';
import { own } from '@/lib/own';
import type { Schema } from '../form/schema';
import { texts } from './texts';

export interface Shape {
  /** `text`, `number`, `object`, `list of object`, `any` …: what people read. */
  type: string;
  /** The fields of an object, in their order. */
  fields?: readonly Field[];
  /** What the entries of a list are. */
  entry?: Shape;
}

interface Field {
  key: string;
  shape: Shape;
  /** Whether it may be missing, by its schema or in some entries of a list. */
  isOptional: boolean;
  doc?: string;
}

const FIELDS_MAX = 100;
const DEPTH_MAX = 6;
/** How many entries of a list are looked at. */
const ENTRIES_MAX = 20;

const { types } = texts;

const ANY: Shape = { type: types.any };

/** Returns the shape of a value. */
export function shapeOf(value: unknown, depth = 0): Shape {
  const kind = kindOf(value);
  if (Array.isArray(value)) {
    const entries = value.slice(0, ENTRIES_MAX).map((entry) => shapeOf(entry, depth + 1));
    const entry = entries.length === 0 || depth >= DEPTH_MAX ? ANY : entries.reduce(joined);
    return { type: listOf(entry), entry };
  }
  if (!isRecord(value)) return { type: typeName(kind) };
  if (depth >= DEPTH_MAX) return { type: types.object };
  const fields = entriesOf(value)
    .slice(0, FIELDS_MAX)
    .map(([key, inner]) => ({ key, shape: shapeOf(inner, depth + 1), isOptional: false }));
  return { type: types.object, fields };
}

/** Returns the shape that a JSON Schema describes. */
export function shapeOfSchema(schema: Schema | undefined, depth = 0): Shape {
  // A schema may come from anybody, so its parts may be anything.
  if (typeof schema !== 'object' || schema === null || depth > DEPTH_MAX) return ANY;
  const { type, properties, items, required, anyOf, oneOf } = schema;
  const variants = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? (list as Schema[]) : [])).filter(isNotNull);
  if (!type && variants.length === 1) return shapeOfSchema(variants[0], depth);
  const name = [type ?? []].flat().find((one) => one !== 'null');
  if (name === 'array') {
    const entry = shapeOfSchema(items, depth + 1);
    return { type: listOf(entry), entry };
  }
  if (isRecord(properties)) {
    const must = new Set(Array.isArray(required) ? required : []);
    const fields = Object.entries(properties)
      .slice(0, FIELDS_MAX)
      .map(([key, property]) => fieldOf(key, property as Schema, !must.has(key), depth));
    return { type: types.object, fields };
  }
  return { type: typeName(name) };
}

function isNotNull(schema: Schema): boolean {
  return typeof schema === 'object' && schema !== null && schema.type !== 'null';
}

function fieldOf(key: string, property: Schema, isOptional: boolean, depth: number): Field {
  const doc = property?.description ?? property?.title;
  return { key, shape: shapeOfSchema(property, depth + 1), isOptional, ...(typeof doc === 'string' && { doc }) };
}

/** Returns the shape that holds for both. */
function joined(one: Shape, other: Shape): Shape {
  if (one.type !== other.type) return ANY;
  if (!one.fields || !other.fields) return one;
  const others = new Map(other.fields.map((field) => [field.key, field]));
  const keys = new Set(one.fields.map(({ key }) => key));
  const fields = one.fields.map((field) => {
    const same = others.get(field.key);
    if (!same) return { ...field, isOptional: true };
    const isOptional = field.isOptional || same.isOptional;
    return { ...field, shape: joined(field.shape, same.shape), isOptional };
  });
  const added = other.fields.filter(({ key }) => !keys.has(key)).map((field) => ({ ...field, isOptional: true }));
  return { ...one, fields: [...fields, ...added] };
}

/** Returns what people read for a type of JSON. */
function typeName(type: string | null | undefined): string {
  if (type === 'string') return types.text;
  if (type === 'integer') return types.number;
  return type == null ? types.any : ((own<unknown>(types, type) as string | undefined) ?? type);
}

function listOf(entry: Shape): string {
  return entry.type === types.any ? types.list : types.listOf(entry.type);
}

/** Returns the value inside a value, by keys and indexes; `undefined` where there is none. */
export function valueAt(value: unknown, keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>((at, key) => {
    if (typeof key === 'number') return Array.isArray(at) ? at[key] : undefined;
    return isRecord(at) ? own(at, key) : undefined;
  }, value);
}

/** Writes a shape on one line, cut where it becomes long: `{ status: number, body: { vendor: text, risk?: number } }`. */
export function shapeText({ type, fields, entry }: Shape, room = 160): string {
  if (entry?.fields) return types.listOf(shapeText(entry, room - 8));
  if (!fields) return type;
  if (fields.length === 0) return '{}';
  const parts: string[] = [];
  let left = room;
  for (const field of fields) {
    const part = `${field.key}${field.isOptional ? '?' : ''}: ${shapeText(field.shape, left / 2)}`;
    left -= part.length + 2;
    if (left < 0 && parts.length > 0) return `{ ${parts.join(', ')}, … }`;
    parts.push(part);
  }
  return `{ ${parts.join(', ')} }`;
}

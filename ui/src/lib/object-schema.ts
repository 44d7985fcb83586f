/**
 * What the form of an output schema shows, and how a change of it changes the schema.
 *
 * A change replaces what was changed, and nothing else: keys without a field stay as they are, and are named.
 */
import { isNumber, isRecord } from '@/lib/json';
import { own } from '@/lib/own';

export type SchemaObject = Readonly<Record<string, unknown>>;

export const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array'] as const;
export type SchemaType = (typeof TYPES)[number];

/** The keys with a field, by type. */
const KEYS: Record<SchemaType, readonly string[]> = {
  string: ['enum'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum'],
  boolean: [],
  object: ['properties', 'required'],
  array: ['items'],
};
const KEYS_OF_ALL = ['type', 'description'];
/** How deep the form shows objects in one another; what is deeper is edited as JSON. */
export const DEPTH_MAX = 6;

/** Returns the type of a schema; `null` for one that has none, several, or one that is not known. */
export function typeOf(schema: unknown): SchemaType | null {
  const type = isRecord(schema) ? own(schema, 'type') : undefined;
  return TYPES.find((known) => known === type) ?? null;
}

/** Returns the keys that the form does not show. */
export function hiddenKeys(schema: SchemaObject): readonly string[] {
  const type = typeOf(schema);
  if (!type) return Object.keys(schema);
  const shown = [...KEYS_OF_ALL, ...KEYS[type]].filter((key) => isShown(key, own(schema, key)));
  return Object.keys(schema).filter((key) => !shown.includes(key));
}

/** Whether a key that has a field has a value that the field can show. */
function isShown(key: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (key === 'properties' || key === 'items') return isRecord(value);
  if (key === 'enum' || key === 'required') {
    return Array.isArray(value) && value.every((item) => typeof item === 'string');
  }
  if (key === 'description') return typeof value === 'string';
  return key === 'minimum' || key === 'maximum' ? isNumber(value) : true;
}

/** Returns whether a schema is that of an object that the form can show. */
export function isObjectForm(schema: unknown): schema is SchemaObject {
  return isRecord(schema) && typeOf(schema) === 'object' && isShown('properties', own(schema, 'properties'));
}

export function propertiesOf(schema: SchemaObject): readonly (readonly [string, unknown])[] {
  const properties = own(schema, 'properties');
  return isRecord(properties) ? Object.entries(properties) : [];
}

export function requiredOf(schema: SchemaObject): readonly string[] {
  const required = own(schema, 'required');
  return Array.isArray(required) ? required.filter((name): name is string => typeof name === 'string') : [];
}

/** Returns the schema with a key; without it where `value` is `undefined`. */
export function withKey(schema: SchemaObject, key: string, value: unknown): SchemaObject {
  if (value !== undefined) return { ...schema, [key]: value };
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}

/** Returns the schema with another type. What belongs to the former one stays until it is removed as JSON. */
export function withType(schema: SchemaObject, type: SchemaType): SchemaObject {
  const next = withKey(schema, 'type', type);
  if (type === 'object' && own(schema, 'properties') === undefined) return withKey(next, 'properties', {});
  if (type === 'array' && own(schema, 'items') === undefined) return withKey(next, 'items', { type: 'string' });
  return next;
}

/** Returns the schema with another property in the place of one. */
export function withProperty(schema: SchemaObject, name: string, property: unknown): SchemaObject {
  const entries = propertiesOf(schema).map(([other, old]) => [other, other === name ? property : old]);
  return withKey(schema, 'properties', Object.fromEntries(entries));
}

/** Returns the schema with another name of a property, at its place. */
export function renamed(schema: SchemaObject, from: string, to: string): SchemaObject {
  const entries = propertiesOf(schema).map(([name, property]) => [name === from ? to : name, property]);
  const next = withKey(schema, 'properties', Object.fromEntries(entries));
  if (!requiredOf(schema).includes(from)) return next;
  return withKey(
    next,
    'required',
    requiredOf(schema).map((name) => (name === from ? to : name)),
  );
}

export function withRequired(schema: SchemaObject, name: string, isRequired: boolean): SchemaObject {
  const others = requiredOf(schema).filter((other) => other !== name);
  const required = isRequired ? [...others, name] : others;
  return withKey(schema, 'required', required.length > 0 ? required : undefined);
}

export function withoutProperty(schema: SchemaObject, name: string): SchemaObject {
  const entries = propertiesOf(schema).filter(([other]) => other !== name);
  return withRequired(withKey(schema, 'properties', Object.fromEntries(entries)), name, false);
}

/** Adds a text with a name that is free. */
export function withNewProperty(schema: SchemaObject): SchemaObject {
  const names = new Set(propertiesOf(schema).map(([name]) => name));
  let number = 1;
  while (names.has(`field_${number}`)) number += 1;
  const properties = Object.fromEntries([...propertiesOf(schema), [`field_${number}`, { type: 'string' }]]);
  return withKey(schema, 'properties', properties);
}

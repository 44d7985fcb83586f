/** The fields of the form of an approval, as the builder shows them, and how a change of one changes the schema. */
import { isRecord } from '@/lib/json';
import { propertiesOf, type SchemaObject, withKey, withNewProperty, withProperty } from '@/lib/object-schema';
import { own } from '@/lib/own';

export const KINDS = ['text', 'number', 'integer', 'boolean', 'choice', 'choices'] as const;
export type Kind = (typeof KINDS)[number];

/** The keys that the builder shows, beside those of the choices; others stay as they are. */
const TYPES: Record<Kind, string> = {
  text: 'string',
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
  choice: 'string',
  choices: 'array',
};

/** Returns the kind of a field; `null` for one that only the JSON shows. */
export function kindOf(property: unknown): Kind | null {
  if (!isRecord(property)) return null;
  switch (own(property, 'type')) {
    case 'string':
      if (own(property, 'oneOf') !== undefined) return null;
      return own(property, 'enum') === undefined ? 'text' : words(own(property, 'enum')) && 'choice';
    case 'array':
      return words(enumOf(own(property, 'items'))) && 'choices';
    case 'number':
      return 'number';
    case 'integer':
      return 'integer';
    case 'boolean':
      return 'boolean';
    default:
      return null;
  }
}

function enumOf(items: unknown): unknown {
  return isRecord(items) ? own(items, 'enum') : undefined;
}

function words(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : null;
}

/** Returns the choices of a field that has some. */
export function choicesOf(property: unknown): readonly string[] {
  if (!isRecord(property)) return [];
  return words(own(property, 'enum')) ?? words(enumOf(own(property, 'items'))) ?? [];
}

/** Returns a field with other choices. */
export function withChoices(property: SchemaObject, choices: readonly string[]): SchemaObject {
  const items = own(property, 'items');
  if (own(property, 'type') !== 'array') return { ...property, enum: choices };
  return { ...property, items: { ...(isRecord(items) && items), enum: choices } };
}

/** Returns a field of another kind: with its label, description and choices, without what belongs to the kind that it had. */
export function withKind(property: SchemaObject, kind: Kind, choices: readonly string[]): SchemaObject {
  const known = choicesOf(property);
  const kept = Object.fromEntries(Object.entries(property).filter(([key]) => key === 'title' || key === 'description'));
  const next = { ...kept, type: TYPES[kind] };
  if (kind === 'choice') return { ...next, enum: known.length > 0 ? known : choices };
  if (kind === 'choices') return { ...next, items: { type: 'string', enum: known.length > 0 ? known : choices } };
  return next;
}

/** Returns the form with one more text. */
export function withNewField(form: unknown): SchemaObject {
  const schema = isRecord(form) ? form : {};
  return withNewProperty(withKey({ ...schema, type: 'object' }, 'properties', own(schema, 'properties') ?? {}));
}

/** Returns the form in which a field has another label. */
export function withTitle(form: SchemaObject, name: string, title: string): SchemaObject {
  const property = propertiesOf(form).find(([other]) => other === name)?.[1];
  return isRecord(property) ? withProperty(form, name, withKey(property, 'title', title || undefined)) : form;
}

/** A schema as a tree of rows: what a value has, of which type, and within which limits. All functions are pure. */

import { jsonText } from '@/lib/json';
import { own } from '@/lib/own';
import type { Schema, Schemas } from './document';
import { texts } from './texts';

export interface Field {
  /** The key; `[]` for the items of a list, `*` for any key. */
  name: string;
  isRequired: boolean;
  type: string;
  description: string;
  /** Limits in words, such as `at most 200 characters`. */
  limits: readonly string[];
  /** The values that are allowed; empty for any. */
  values: readonly string[];
  /** What it has inside; computed when asked for, as schemas refer to themselves. */
  inside: () => Field[];
  hasInside: boolean;
}

/** Returns the fields of a value of this schema. */
export function fieldsOf(schema: Schema, schemas: Schemas): Field[] {
  const whole = resolved(schema, schemas);
  const own = Object.entries(whole.properties ?? {}).map(([name, property]) =>
    fieldOf(name, property, whole.required?.includes(name) ?? false, schemas),
  );
  const rest = whole.additionalProperties;
  const any = typeof rest === 'object' && Object.keys(rest).length > 0 ? [fieldOf('*', rest, false, schemas)] : [];
  const items = whole.items ? [fieldOf('[]', whole.items, false, schemas)] : [];
  // A list of objects is shown as its objects.
  const only = own.length + any.length === 0 ? items : [];
  const choices = (whole.oneOf ?? whole.anyOf ?? []).filter((choice) => !isNull(choice));
  const among = own.length + any.length + only.length === 0 ? choicesOf(choices, schemas) : [];
  return [...own, ...any, ...only, ...among];
}

function choicesOf(choices: readonly Schema[], schemas: Schemas): Field[] {
  const [first, ...others] = choices;
  if (first && others.length === 0) return fieldsOf(first, schemas);
  return choices.map((choice) => ({ ...fieldOf('', choice, false, schemas), name: nameOf(choice, schemas) }));
}

function nameOf(choice: Schema, schemas: Schemas): string {
  const type = resolved(choice, schemas).properties?.type;
  const kind = type?.const ?? type?.enum?.[0];
  if (typeof kind === 'string') return `type: ${kind}`;
  return choice.$ref?.split('/').at(-1) ?? choice.title ?? typeOf(choice, schemas);
}

function fieldOf(name: string, schema: Schema, isRequired: boolean, schemas: Schemas): Field {
  const whole = resolved(schema, schemas);
  const only = soleChoice(whole, schemas);
  const shown = only ? resolved(only, schemas) : whole;
  const inside = () => fieldsOf(shown.items && !shown.properties ? shown.items : shown, schemas);
  return {
    name,
    isRequired,
    type: typeOf(schema, schemas),
    description: schema.description ?? only?.description ?? shown.description ?? shown.title ?? '',
    limits: limitsOf(shown),
    values: (shown.enum ?? (shown.const === undefined ? [] : [shown.const])).map((value) => jsonText(value)),
    inside,
    hasInside: hasInside(shown, schemas),
  };
}

/** The choice beside `null`, if there is one. */
function soleChoice(schema: Schema, schemas: Schemas): Schema | null {
  const choices = (schema.oneOf ?? schema.anyOf ?? []).filter((choice) => !isNull(resolved(choice, schemas)));
  return choices.length === 1 && choices[0] ? choices[0] : null;
}

function hasInside(schema: Schema, schemas: Schemas): boolean {
  if (Object.keys(schema.properties ?? {}).length > 0) return true;
  if (typeof schema.additionalProperties === 'object' && Object.keys(schema.additionalProperties).length > 0)
    return true;
  if (schema.items) return hasInside(resolved(schema.items, schemas), schemas);
  return (schema.oneOf ?? schema.anyOf ?? []).some((choice) => hasInside(resolved(choice, schemas), schemas));
}

function isNull(schema: Schema): boolean {
  return schema.type === 'null';
}

/** Follows references, and joins what `allOf` has. */
export function resolved(schema: Schema, schemas: Schemas): Schema {
  const name = schema.$ref?.split('/').at(-1);
  const target = name === undefined ? schema : resolved(schemas[name] ?? {}, schemas);
  if (!target.allOf) return target;
  const parts = target.allOf.map((part) => resolved(part, schemas));
  return {
    ...target,
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {}), target.properties ?? {}),
    required: [...parts.flatMap((part) => part.required ?? []), ...(target.required ?? [])],
  };
}

/** Reads as `string`, `list of Node`, `integer or null`. */
export function typeOf(schema: Schema, schemas: Schemas): string {
  const whole = resolved(schema, schemas);
  const choices = whole.oneOf ?? whole.anyOf;
  if (choices) return texts.types.or([...new Set(choices.map((choice) => typeOf(choice, schemas)))]);
  const types = typeof whole.type === 'string' ? [whole.type] : [...(whole.type ?? [])];
  if (types.length === 0) return whole.properties ? 'object' : 'any';
  return texts.types.or(types.map((type) => plainType(type, whole, schemas)));
}

function plainType(type: string, schema: Schema, schemas: Schemas): string {
  if (type === 'array') return schema.items ? texts.types.listOf(typeOf(schema.items, schemas)) : texts.types.list;
  return (type === 'string' && schema.format && own<string>(texts.types.formats, schema.format)) || type;
}

function limitsOf(schema: Schema): string[] {
  const { limits } = texts;
  const between = (least: unknown, most: unknown, unit: string) => {
    if (least === undefined && most === undefined) return [];
    if (least === undefined) return [limits.most(most, unit)];
    return [most === undefined ? limits.least(least, unit) : limits.between(least, most, unit)];
  };
  return [
    ...between(schema.minimum, schema.maximum, ''),
    ...between(schema.minLength, schema.maxLength, limits.units.characters),
    ...between(schema.minItems, schema.maxItems, limits.units.items),
    ...(schema.default === undefined ? [] : [limits.default(jsonText(schema.default))]),
  ];
}

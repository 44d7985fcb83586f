/**
 * The fields of a form that a JSON Schema describes: a flat object of texts, numbers, yes or no, and choices.
 *
 * Everything else is for a JSON editor. Names are those of a document, so values are kept in a `Map`.
 */
import { type ExactNumber, entriesOf, isNumber, isRecord, type Json, numberOf } from '@/lib/json';
import { own } from '@/lib/own';
import { texts as common } from '@/lib/texts';

const texts = common.schemaForm;

interface Option {
  value: string;
  label: string;
}

type Kind =
  | { kind: 'text'; format: string | null; shortest: number; longest: number }
  | { kind: 'number'; isWhole: boolean; least: number; most: number }
  | { kind: 'boolean' }
  | { kind: 'choice'; options: readonly Option[] }
  | { kind: 'choices'; options: readonly Option[]; fewest: number; most: number };

export type FormField = Kind & {
  name: string;
  title: string;
  description: string | null;
  isRequired: boolean;
  initial: Json | undefined;
};

/** What was filled in, by the name of its field. */
export type FormValues = ReadonlyMap<string, Json>;

/** Returns the fields of a schema; `null` if a form cannot show all of it. */
export function fieldsOf(schema: unknown): FormField[] | null {
  const properties = isRecord(schema) && own(schema, 'type') === 'object' ? own(schema, 'properties') : null;
  if (!isRecord(schema) || !isRecord(properties)) return null;
  const listed = own(schema, 'required');
  const required = Array.isArray(listed) ? listed : [];
  const fields: FormField[] = [];
  for (const [name, property] of entriesOf(properties)) {
    const kind = isRecord(property) ? kindOf(property) : null;
    if (!isRecord(property) || !kind) return null;
    const of = (key: string) => textOf(own(property, key));
    const initial = own(property, 'default') as Json | undefined;
    const isRequired = required.includes(name);
    fields.push({ ...kind, name, title: of('title') ?? name, description: of('description'), isRequired, initial });
  }
  return fields;
}

function kindOf(property: Readonly<Record<string, unknown>>): Kind | null {
  const bound = (key: string, none: number) => numberOf(own(property, key)) ?? none;
  switch (own(property, 'type')) {
    case 'string': {
      if (own(property, 'enum') ?? own(property, 'oneOf')) {
        const options = optionsOf(property, 'oneOf');
        return options && { kind: 'choice', options };
      }
      const format = textOf(own(property, 'format'));
      return { kind: 'text', format, shortest: bound('minLength', 0), longest: bound('maxLength', Infinity) };
    }
    case 'number':
    case 'integer': {
      const isWhole = own(property, 'type') === 'integer';
      return { kind: 'number', isWhole, least: bound('minimum', -Infinity), most: bound('maximum', Infinity) };
    }
    case 'boolean':
      return { kind: 'boolean' };
    case 'array': {
      const items = own(property, 'items');
      const options = isRecord(items) ? optionsOf(items, 'anyOf') : null;
      return options && { kind: 'choices', options, fewest: bound('minItems', 0), most: bound('maxItems', Infinity) };
    }
    default:
      return null;
  }
}

function optionsOf(of: Readonly<Record<string, unknown>>, titled: 'oneOf' | 'anyOf'): readonly Option[] | null {
  const listed = own(of, 'enum') ?? own(of, titled);
  if (!Array.isArray(listed)) return null;
  const options = new Map<string, Option>();
  for (const one of listed) {
    const value = textOf(isRecord(one) ? own(one, 'const') : one);
    if (value === null) return null;
    options.set(value, { value, label: (isRecord(one) && textOf(own(one, 'title'))) || value });
  }
  return [...options.values()];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Returns what a form has before somebody fills it in. */
export function initialValues(fields: readonly FormField[]): FormValues {
  const values = new Map<string, Json>();
  for (const { kind, name, initial, isRequired } of fields) {
    if (initial !== undefined) values.set(name, initial);
    else if (kind === 'boolean' && isRequired) values.set(name, false);
  }
  return values;
}

/** Returns values that fit the fields which are required, to show what one can send. */
export function exampleOf(fields: readonly FormField[]): Record<string, Json> {
  const values = new Map(initialValues(fields));
  for (const field of fields.filter(({ isRequired, name }) => isRequired && !values.has(name))) {
    values.set(field.name, exampleValue(field));
  }
  return objectOf(fields, values);
}

function exampleValue(field: FormField): Json {
  switch (field.kind) {
    case 'text': {
      const letters = [...field.title.padEnd(field.shortest, '.')];
      return letters.slice(0, Math.min(field.longest, letters.length)).join('');
    }
    case 'number': {
      const near = Math.min(Math.max(1, field.least), field.most);
      return field.isWhole ? Math.ceil(near) : near;
    }
    case 'boolean':
      return true;
    case 'choice':
      return field.options[0]?.value ?? '';
    case 'choices':
      return field.options.slice(0, Math.max(field.fewest, 1)).map(({ value }) => value);
  }
}

/** Returns a copy in which a field has this value, or none. */
export function withValue(values: FormValues, name: string, value: Json | undefined): FormValues {
  const changed = new Map(values);
  if (value === undefined) changed.delete(name);
  else changed.set(name, value);
  return changed;
}

/** Says what is wrong with a value; `null` if nothing is. */
export function faultOf(field: FormField, value: Json | undefined): string | null {
  if (value === undefined) return field.isRequired ? texts.missing : null;
  switch (field.kind) {
    case 'text': {
      const length = typeof value === 'string' ? [...value].length : -1;
      return length < field.shortest || length > field.longest ? texts.length(field.shortest, field.longest) : null;
    }
    case 'number':
      return isNumber(value) ? numberFault(field, value) : texts.noNumber;
    case 'boolean':
      return null;
    case 'choice':
      return field.options.some((option) => option.value === value) ? null : texts.missing;
    case 'choices': {
      const count = Array.isArray(value) ? value.length : 0;
      return count < field.fewest || count > field.most ? texts.count(field.fewest, field.most) : null;
    }
  }
}

function numberFault(field: Extract<FormField, { kind: 'number' }>, value: number | ExactNumber): string | null {
  const number = Number(value);
  if (number < field.least || number > field.most) return texts.range(field.least, field.most);
  return field.isWhole && !Number.isInteger(number) ? texts.notWhole : null;
}

/** Returns the object that was filled in, in the order of the fields. */
export function objectOf(fields: readonly FormField[], values: FormValues): Record<string, Json> {
  const filled = fields.flatMap(({ name }) => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(filled);
}

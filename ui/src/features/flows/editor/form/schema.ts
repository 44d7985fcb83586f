import { kindOf } from '@/lib/json';

/** The part of JSON Schema that the forms read. */
export interface Schema {
  type?: string | readonly string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  examples?: readonly unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
}

/** Fields and alternatives of a form, and how deep they are in one another; the rest is edited as JSON. */
const FIELDS_MAX = 500;
const DEPTH_MAX = 8;

/** The fields that a form may still have. */
interface Room {
  fields: number;
}

/**
 * Returns a schema as the forms read it: without null, which counts as absent, and without the templates that it allows
 * beside a value, since the fields offer these themselves. What allows only null is left out.
 *
 * A schema may come from anybody. So references stay what they are, and what is too much for a form is edited as JSON.
 */
export function plainSchema(schema: Schema): Schema {
  return plainIn(schema, { fields: FIELDS_MAX }, 0);
}

function plainIn(schema: Schema, room: Room, depth: number): Schema {
  if (room.fields <= 0 || depth > DEPTH_MAX) return asJson(schema);
  room.fields -= 1;
  const plainSchema = (inner: Schema) => plainIn(inner, room, depth + 1);
  const { anyOf, type, enum: words, properties, items, additionalProperties: others, ...rest } = schema;
  const types = [type ?? []].flat().filter((name) => name !== 'null');
  const plain: Schema = {
    ...rest,
    ...(types[0] !== undefined && { type: types.length === 1 ? types[0] : types }),
    ...(words && { enum: words.filter((word) => word !== null) }),
    ...(properties && { properties: plainProperties(properties, plainSchema) }),
    ...(items && { items: plainSchema(items) }),
    ...(others !== undefined && { additionalProperties: typeof others === 'object' ? plainSchema(others) : others }),
  };
  const variants = anyOf?.filter((variant) => !isNull(variant) && variant.title !== 'Template').map(plainSchema) ?? [];
  if (variants.length > 1) return { ...plain, anyOf: variants };
  return { ...variants[0], ...plain };
}

/** The field of a schema that is too much for a form. */
function asJson({ title, description }: Schema): Schema {
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
}

/** Returns the properties that there is room for. Others are still edited in the JSON of the object. */
function plainProperties(
  properties: Readonly<Record<string, Schema>>,
  plain: (property: Schema) => Schema,
): Record<string, Schema> {
  const known = Object.entries(properties).filter(([, property]) => !isNull(property));
  return Object.fromEntries(known.slice(0, FIELDS_MAX).map(([key, property]) => [key, plain(property)]));
}

function isNull({ type }: Schema): boolean {
  return type === 'null';
}

/** The kind of field for a schema. */
export type FieldKind =
  | 'choice'
  | 'switch'
  | 'number'
  | 'text'
  | 'group'
  | 'pairs'
  | 'tags'
  | 'variants'
  | 'entries'
  | 'json';

export function fieldKind(schema: Schema): FieldKind {
  if (schema.enum) return 'choice';
  if (schema.anyOf?.every((variant) => variant.title && typeof variant.type === 'string')) return 'variants';
  const type = typeof schema.type === 'string' ? schema.type : null;
  if (type === 'boolean') return 'switch';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'string') return 'text';
  if (type === 'object' && schema.properties) return 'group';
  if (type === 'object' && typeof schema.additionalProperties === 'object') return 'pairs';
  if (type === 'array' && schema.items?.anyOf?.every((item) => item.enum || item.type === 'integer')) return 'tags';
  if (type === 'array' && schema.items?.type === 'object' && schema.items.properties) return 'entries';
  return 'json';
}

/** Whether the JSON type of `value` matches `schema`. */
export function fitsType(schema: Schema, value: unknown): boolean {
  const kind = kindOf(value);
  if (kind === 'list') return schema.type === 'array';
  return schema.type === kind || (schema.type === 'integer' && kind === 'number');
}

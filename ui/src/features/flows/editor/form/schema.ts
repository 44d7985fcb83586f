/** The part of JSON Schema that the forms read. */
export interface Schema {
  type?: string | readonly string[];
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  examples?: readonly unknown[];
  format?: string;
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

/** The kind of field for a schema. */
export type FieldKind = 'choice' | 'switch' | 'number' | 'text' | 'group' | 'pairs' | 'tags' | 'variants' | 'json';

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
  return 'json';
}

/** Whether the JSON type of `value` matches `schema`. */
export function fitsType(schema: Schema, value: unknown): boolean {
  if (Array.isArray(value)) return schema.type === 'array';
  if (value === null) return schema.type === 'null';
  return schema.type === typeof value || (schema.type === 'integer' && typeof value === 'number');
}

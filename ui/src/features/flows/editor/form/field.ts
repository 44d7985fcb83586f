import type { Name } from './complete';
import type { Schema } from './schema';

/** What every field of a form gets. */
export interface FieldProps<T = unknown> {
  title: string;
  schema: Schema;
  value: T;
  /** `undefined` takes the key away. */
  onChange: (value: unknown) => void;
  /** The keys down to this field, for its faults. */
  path: readonly string[];
  faultAt: (path: readonly string[]) => string | undefined;
  required?: boolean | undefined;
  /** What expressions may name here. */
  names: readonly Name[];
  /** Whether strings are templates; else an expression is no value here. */
  templated: boolean;
  /** What holds where nothing is given, if it is not the schema's default. */
  placeholder?: string | undefined;
}

export function placeholderOf({ schema, placeholder }: Pick<FieldProps, 'schema' | 'placeholder'>): string | undefined {
  if (placeholder !== undefined) return placeholder;
  if (schema.default === undefined || typeof schema.default === 'object') return undefined;
  return String(schema.default);
}

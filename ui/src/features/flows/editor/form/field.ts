import { isNumber } from '@/lib/json';
import type { Name } from './name';
import type { Schema } from './schema';

/** The props of every field. */
export interface FieldProps<T = unknown> {
  title: string;
  schema: Schema;
  value: T;
  /** `undefined` removes the key. */
  onChange: (value: unknown) => void;
  /** The keys down to this field, to look up its faults. */
  path: readonly string[];
  faultAt: (path: readonly string[]) => string | undefined;
  /** Returns the warnings at this field or, if it has no fields inside, also those inside it. */
  warningsAt: (path: readonly string[], reach: 'exact' | 'inside') => readonly string[];
  required?: boolean | undefined;
  /** The names that expressions may use here. */
  names: readonly Name[];
  /** Whether strings are templates; otherwise expressions are not allowed here. */
  templated: boolean;
  /** Shown while the field is empty, if it is not the schema's default. */
  placeholder?: string | undefined;
}

export function placeholderOf({ schema, placeholder }: Pick<FieldProps, 'schema' | 'placeholder'>): string | undefined {
  if (placeholder !== undefined) return placeholder;
  if (schema.default === undefined || (typeof schema.default === 'object' && !isNumber(schema.default)))
    return undefined;
  return String(schema.default);
}

/** What differs between two JSON values, as readable lines. */
import { isRecord, isSameJson } from './json';
import { own } from './own';

/** One changed value; `undefined` where there was or is none. */
export interface Change {
  /** `retry_count`, or within an object `input.url`. */
  path: string;
  before: unknown;
  after: unknown;
}

/** Compares objects key by key; lists and everything else as a whole. */
export function changesBetween(before: unknown, after: unknown, path = ''): Change[] {
  if (isSameJson(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => changesBetween(own(before, key), own(after, key), path ? `${path}.${key}` : key));
}

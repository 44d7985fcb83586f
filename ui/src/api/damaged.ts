/** Entries of lists that the server could not read: no more is known of them than their ids. */
import type { components } from './schema';

type Damaged = components['schemas']['Damaged'];

/** Returns the entries that could be read. The server logs and counts the others. */
export function readable<Row extends object>(rows: readonly (Row | Damaged)[]): Row[] {
  return rows.filter((row): row is Row => !('damaged' in row));
}

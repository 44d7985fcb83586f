/** The newest executions of one flow, newest first. */
import type { ExecutionRow } from '@/api/types';

/** Merges `row`: replaces it where it is known, prepends it where it is newer; older rows are ignored. */
export function withRow(rows: readonly ExecutionRow[], row: ExecutionRow, max: number): ExecutionRow[] {
  if (rows.some(({ id }) => id === row.id)) return rows.map((known) => (known.id === row.id ? row : known));
  // Ids sort by time.
  return [...rows, row].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, max);
}

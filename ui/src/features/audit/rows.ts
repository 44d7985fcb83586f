/** The entries of the log as they are shown: each request with what came of it. All functions are pure. */
import type { AuditEntry } from '@/api/audit';

export interface AuditRow {
  request: AuditEntry;
  /** The HTTP status of the answer; `null` if it is not known. */
  status: number | null;
  /** The address of what was made. */
  made: string | null;
}

/** Returns the requests among `entries`, which are newest first, so that the outcome of each comes before it. */
export function rowsOf(entries: readonly AuditEntry[]): AuditRow[] {
  const outcomes = new Map<number, AuditEntry>();
  const rows: AuditRow[] = [];
  for (const entry of entries) {
    if (entry.outcome_of !== null) {
      outcomes.set(entry.outcome_of, entry);
      continue;
    }
    // What was refused at the door is one entry, for all of a minute.
    const outcome = outcomes.get(entry.number) ?? entry;
    rows.push({ request: entry, status: outcome.status, made: outcome.made });
  }
  return rows;
}

export type Result = 'done' | 'refused' | 'failed' | 'unknown';

export function resultOf(status: number | null): Result {
  if (status === null) return 'unknown';
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}

/** A conversation, put together from its executions and the turns of its session. All functions are pure. */
import type { SessionTurn } from '@/api/sessions';
import type { ExecutionRow } from '@/api/types';
import { loneText } from '@/components/conversation/lone-text';
import { isFinished } from '@/components/status';
import { entriesOf, isRecord } from '@/lib/json';
import { own } from '@/lib/own';

/** A message and what came of it. */
export interface ChatEntry {
  executionId: string;
  /** What was asked and answered, once it has been answered. */
  turn: SessionTurn | null;
  /** `null` for an execution that is not known any more. */
  row: ExecutionRow | null;
}

/** Returns the entries of a conversation, oldest first. Of a message that was answered again, the last answer counts. */
export function entriesFrom(rows: readonly ExecutionRow[], turns: readonly SessionTurn[]): ChatEntry[] {
  const answered = new Map(turns.map((turn) => [turn.execution_id, turn]));
  const retried = new Map(rows.map((row) => [row.retry_of, row]));
  const isReplaced = (row: ExecutionRow) => {
    const retry = retried.get(row.id);
    if (retry === undefined) return false;
    // What was answered comes back if there is no other answer in the end. That a retry has completed may be known before its turn.
    return !answered.has(row.id) || !isFinished(retry.status) || retry.status === 'completed';
  };
  const known = new Set(rows.map(({ id }) => id));
  const older = turns.filter(({ execution_id: id }) => !known.has(id));
  const sorted = [...rows].sort(byAcceptance).filter((row) => !isReplaced(row));
  return [
    ...older.map((turn) => ({ executionId: turn.execution_id, turn, row: null })),
    ...sorted.map((row) => ({ executionId: row.id, turn: answered.get(row.id) ?? null, row })),
  ];
}

/** Ids grow with the moment of their acceptance. */
function byAcceptance(left: ExecutionRow, right: ExecutionRow): number {
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}

/** Returns the rows with one that has changed. */
export function withRow(rows: readonly ExecutionRow[], changed: ExecutionRow): ExecutionRow[] {
  return [changed, ...rows.filter(({ id }) => id !== changed.id)];
}

/** Returns the text of what was written or answered: `{"message": …}`, a single text, or a text alone; else `null`. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  const lone = loneText(value);
  if (lone !== null || !isRecord(value)) return lone;
  const message = own(value, 'message');
  if (typeof message === 'string') return message;
  const [only, ...others] = entriesOf(value);
  return only && others.length === 0 && typeof only[1] === 'string' ? only[1] : null;
}

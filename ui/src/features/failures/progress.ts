/** The progress of the executions of a bulk retry. All functions are pure. */

import type { RetriedMany } from '@/api/executions';
import type { ExecutionRow } from '@/api/types';
import { isFinished } from '@/components/status';
import { own } from '@/lib/own';

/** The known new executions, by id. */
export type Known = Readonly<Record<string, ExecutionRow>>;

export interface Progress {
  all: number;
  ended: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** Running, or not started yet. */
  open: number;
  /** Open executions in backoff. */
  retrying: number;
}

export function newIds({ items }: Pick<RetriedMany, 'items'>): string[] {
  return items.flatMap(({ new_execution_id }) => new_execution_id ?? []);
}

/** Returns the ids of executions that are not known to have ended. */
export function unended(ids: readonly string[], known: Known): ReadonlySet<string> {
  return new Set(ids.filter((id) => !isFinished(own(known, id)?.status ?? 'pending')));
}

/** Adds the `wanted` ones of `rows`. Ended executions stay ended: a list may be older than an event. */
export function learn(known: Known, rows: readonly ExecutionRow[], wanted: ReadonlySet<string>): Known {
  const news = rows.filter(({ id }) => wanted.has(id) && !isFinished(own(known, id)?.status ?? 'pending'));
  return news.length > 0 ? { ...known, ...Object.fromEntries(news.map((row) => [row.id, row])) } : known;
}

export function progressOf(ids: readonly string[], known: Known): Progress {
  const rows = ids.map((id) => own(known, id));
  const count = (status: string) => rows.filter((row) => row?.status === status).length;
  const [completed, failed, cancelled] = [count('completed'), count('failed'), count('cancelled')];
  const ended = completed + failed + cancelled;
  const retrying = rows.filter((row) => row?.retrying && !isFinished(row.status)).length;
  return { all: ids.length, ended, completed, failed, cancelled, open: ids.length - ended, retrying };
}

export function isOver(ids: readonly string[], known: Known | undefined): boolean {
  return unended(ids, known ?? {}).size === 0;
}

/** Returns the execution before which the next batch starts; `undefined` if this batch was not full and was not stopped. */
export function nextBatch(result: RetriedMany, limit: number): string | undefined {
  return result.stopped !== null || result.matched >= limit ? result.items.at(-1)?.execution_id : undefined;
}

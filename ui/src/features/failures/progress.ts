/** How the executions that a bulk retry made are doing. All functions are pure. */
import type { RetriedMany } from '@/api/executions';
import type { ExecutionRow } from '@/api/types';
import { isFinished } from '@/components/status';

/** What is known of the new executions, by id. */
export type Known = Readonly<Record<string, ExecutionRow>>;

export interface Progress {
  all: number;
  ended: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** Running, or not yet begun. */
  open: number;
  /** Of the open ones, those that wait out a backoff. */
  retrying: number;
}

export function newIds({ items }: Pick<RetriedMany, 'items'>): string[] {
  return items.flatMap(({ new_execution_id }) => new_execution_id ?? []);
}

/** The ids of which no end is known. */
export function unended(ids: readonly string[], known: Known): ReadonlySet<string> {
  return new Set(ids.filter((id) => !isFinished(known[id]?.status ?? 'pending')));
}

/** Adds what `rows` tell of the `wanted`. What has ended stays so: a list may be older than an event. */
export function learn(known: Known, rows: readonly ExecutionRow[], wanted: ReadonlySet<string>): Known {
  const news = rows.filter(({ id }) => wanted.has(id) && !isFinished(known[id]?.status ?? 'pending'));
  return news.length > 0 ? { ...known, ...Object.fromEntries(news.map((row) => [row.id, row])) } : known;
}

export function progressOf(ids: readonly string[], known: Known): Progress {
  const rows = ids.map((id) => known[id]);
  const count = (status: string) => rows.filter((row) => row?.status === status).length;
  const [completed, failed, cancelled] = [count('completed'), count('failed'), count('cancelled')];
  const ended = completed + failed + cancelled;
  const retrying = rows.filter((row) => row?.retrying && !isFinished(row.status)).length;
  return { all: ids.length, ended, completed, failed, cancelled, open: ids.length - ended, retrying };
}

export function isOver(ids: readonly string[], known: Known | undefined): boolean {
  return unended(ids, known ?? {}).size === 0;
}

/** The execution before which the next batch begins; `undefined` when this one was not full. */
export function nextBatch(result: RetriedMany, limit: number): string | undefined {
  return result.matched >= limit ? result.items.at(-1)?.execution_id : undefined;
}

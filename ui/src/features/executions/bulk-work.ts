/** Changing many executions in batches, so that it can be followed and stopped. */
import { type BulkAction, type BulkAnswer, changeMany, type RetryMode } from '@/api/executions';
import type { ExecutionStatus } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { type Filters, toApiFilter } from './filters';

/** The most executions that one request looks at without changing anything. */
const LOOKED_AT_MAX = 1_000;
/** How many are changed with one request. */
const CHANGED_AT_ONCE = 100;
/** The most executions that are counted before it starts. */
const COUNTED_MAX = 10_000;

/** The statuses that each action is for. */
const STATUSES: Readonly<Record<BulkAction, readonly ExecutionStatus[]>> = {
  cancel: ['pending', 'running', 'paused'],
  pause: ['pending', 'running'],
  resume: ['paused'],
  retry: ['failed', 'cancelled'],
};

/** Which executions: some, or all that match the filters. */
export type Which = { ids: readonly string[] } | { filters: Filters };

export interface Job {
  action: BulkAction;
  which: Which;
  /** Of a retry. */
  mode: RetryMode;
}

export interface Tally {
  looked: number;
  changed: number;
  skipped: number;
  reasons: readonly Reason[];
  /** Why it ended early; `null` where it did not. */
  stopped: string | null;
  /** Whether there may be more than were looked at. */
  hasMore: boolean;
}

interface Reason {
  reason: string;
  count: number;
  detail: string;
}

export const NOTHING_YET: Tally = { looked: 0, changed: 0, skipped: 0, reasons: [], stopped: null, hasMore: false };

/** Says what would come of it. */
export function plan(job: Job, signal?: AbortSignal): Promise<Tally> {
  return work(job, { isDryRun: true, batch: LOOKED_AT_MAX, most: COUNTED_MAX, onProgress: () => undefined, signal });
}

/** Does it, and reports after each batch. */
export function run(job: Job, onProgress: (tally: Tally) => void, signal: AbortSignal): Promise<Tally> {
  return work(job, { isDryRun: false, batch: CHANGED_AT_ONCE, most: Number.POSITIVE_INFINITY, onProgress, signal });
}

interface How {
  isDryRun: boolean;
  batch: number;
  most: number;
  onProgress: (tally: Tally) => void;
  signal: AbortSignal | undefined;
}

async function work(job: Job, how: How): Promise<Tally> {
  let tally = NOTHING_YET;
  const step = async (part: object) => {
    const mode = job.action === 'retry' ? { mode: job.mode } : {};
    const answer = await changeMany(job.action, { ...part, ...mode, dry_run: how.isDryRun }, how.signal);
    tally = added(tally, answer);
    how.onProgress(tally);
    return answer;
  };
  if ('ids' in job.which) {
    const { ids } = job.which;
    for (let at = 0; at < ids.length && !isOver(tally, how.signal); at += how.batch) {
      await step({ ids: ids.slice(at, at + how.batch) });
    }
    return tally;
  }
  const filter = bulkFilter(job.which.filters, job.action);
  if (!filter) return tally;
  let before: string | undefined;
  while (!isOver(tally, how.signal)) {
    const answer = await step({ filter, limit: how.batch, before });
    before = answer.items.at(-1)?.execution_id;
    if (answer.items.length < how.batch || !before) return tally;
    if (tally.looked >= how.most) return { ...tally, hasMore: true };
  }
  return tally;
}

function isOver(tally: Tally, signal: AbortSignal | undefined): boolean {
  return tally.stopped !== null || signal?.aborted === true;
}

/** The filters of the list as the bulk operations take them; `null` where they match nothing that the action is for. */
function bulkFilter(filters: Filters, action: BulkAction): object | null {
  const { roots: _, status, ...rest } = toApiFilter(filters, serverNow());
  if (!filters.status) return action === 'retry' ? { ...rest, status: STATUSES.retry } : rest;
  const some = filters.status.filter((one) => STATUSES[action].includes(one));
  return some.length > 0 ? { ...rest, status: some } : null;
}

function added(tally: Tally, answer: BulkAnswer): Tally {
  const reasons = new Map(tally.reasons.map((reason) => [reason.reason, reason]));
  for (const { reason, count, detail } of answer.reasons) {
    const known = reasons.get(reason);
    reasons.set(reason, { reason, detail: known?.detail ?? detail, count: count + (known?.count ?? 0) });
  }
  return {
    looked: tally.looked + answer.matched,
    changed: tally.changed + answer.done,
    skipped: tally.skipped + answer.skipped,
    reasons: [...reasons.values()].sort((a, b) => b.count - a.count),
    stopped: answer.stopped,
    hasMore: false,
  };
}

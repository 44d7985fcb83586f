/**
 * The timeline of an execution as rows of bars: an attempt, a backoff or a wait each. All functions are pure; times are
 * milliseconds since the epoch.
 */
import type { Attempt, Execution, NodeExecution } from '@/api/types';
import { isFinished, nodeStatusKey, type StatusKey } from '@/components/status';
import { millis } from '@/lib/time';
import { type Tick, ticksOf, wideEnough } from './time-axis';

/** `ok`, `bad`, `run` and `cut` are attempts; `gap` is a backoff; `wait` is a delay, a decision or another wait. */
export type BarKind = 'ok' | 'bad' | 'run' | 'cut' | 'gap' | 'wait';

export interface Bar {
  key: string;
  kind: BarKind;
  from: number;
  /** `null` while it is in progress; then it extends to the current time. */
  to: number | null;
  /** When something in progress is due to end, if known. */
  due: number | null;
  attempt: Attempt | null;
}

export interface WaterfallRow {
  node: NodeExecution;
  status: StatusKey;
  bars: readonly Bar[];
}

export interface Waterfall {
  start: number;
  end: number;
  now: number;
  isRunning: boolean;
  /** The deadline; `isShown` while it is within the axis. */
  deadline: { at: number; isShown: boolean } | null;
  ticks: readonly Tick[];
  rows: readonly WaterfallRow[];
}

/** A due time further away than this many times the elapsed time does not extend the axis. */
const LOOK_AHEAD = 3;
const SHORTEST_MS = 10;
/** Less than this after an attempt is bookkeeping, not a wait. */
const REST_MS = 50;

export function toWaterfall(execution: Execution, now: number, rows = toRows(execution)): Waterfall {
  const start = millis(execution.started_at) ?? millis(execution.created_at) ?? now;
  const isRunning = !isFinished(execution.status);
  const last = isRunning ? Math.max(now, start) : lastMoment(execution, rows, start);
  const soon = isRunning ? dueSoon(rows, start, last) : last;
  const deadline = millis(execution.deadline);
  const length = Math.max(SHORTEST_MS, soon - start);
  const isShown = deadline !== null && deadline - start <= length * 1.6;
  const reach = Math.max(length, isShown && deadline !== null ? deadline - start : 0);
  const end = start + (isRunning ? wideEnough(reach) : reach);
  return {
    start,
    end,
    now: Math.max(now, start),
    isRunning,
    deadline: deadline === null ? null : { at: deadline, isShown: deadline <= end },
    ticks: ticksOf(end - start),
    rows,
  };
}

/** A cache of rows: the row of an unchanged node stays the same object and is not rendered again. */
const made = new WeakMap<NodeExecution, WaterfallRow>();

/** Returns the rows, in the order of the flow document. They do not depend on the current time, so they change only with the execution. */
export function toRows(execution: Execution): WaterfallRow[] {
  return execution.node_executions.map((node) => made.get(node) ?? makeRow(node));
}

function makeRow(node: NodeExecution): WaterfallRow {
  const row = { node, status: nodeStatusKey(node), bars: barsOf(node) };
  made.set(node, row);
  return row;
}

function barsOf(node: NodeExecution): Bar[] {
  const bars: Bar[] = [];
  for (const [at, attempt] of node.attempts.entries()) {
    const isLast = at === node.attempts.length - 1;
    bars.push(attemptBar(node, attempt, isLast));
    const gap = gapAfter(node, attempt, node.attempts[at + 1]);
    if (gap) bars.push(gap);
  }
  const wait = waitOf(node);
  if (wait) bars.push(wait);
  return bars;
}

function attemptBar(node: NodeExecution, attempt: Attempt, isLast: boolean): Bar {
  const to = millis(attempt.ended_at) ?? millis(node.completed_at);
  return {
    key: `attempt-${attempt.number}`,
    kind: attemptKind(node, attempt, isLast, to === null),
    from: millis(attempt.started_at) ?? to ?? 0,
    to,
    due: null,
    attempt,
  };
}

/** Returns the outcome of an attempt. One without an error that did not complete its node was stopped. */
export function attemptKind(node: NodeExecution, attempt: Attempt, isLast: boolean, isOpen: boolean): BarKind {
  if (isOpen) return 'run';
  if (attempt.error_class) return attempt.released ? 'cut' : 'bad';
  if (attempt.released || !isLast) return 'cut';
  return node.status === 'cancelled' ? 'cut' : 'ok';
}

function gapAfter(node: NodeExecution, attempt: Attempt, next: Attempt | undefined): Bar | null {
  const from = millis(attempt.ended_at);
  const due = millis(next ? next.started_at : (node.next_retry_at ?? attempt.next_retry_at));
  const waits = next !== undefined || node.next_retry_at || attempt.next_retry_at;
  if (from === null || due === null || !waits) return null;
  // Without a next attempt it is either in progress, or the end of the execution cut it off.
  const to = next ? due : millis(node.completed_at);
  // No backoff was planned: it waited for a decision, or for the server to come back.
  const kind = typeof attempt.backoff_ms === 'number' || !next ? 'gap' : 'wait';
  return { key: `gap-${attempt.number}`, kind, from, to, due, attempt };
}

function waitOf(node: NodeExecution): Bar | null {
  const begun = millis(node.attempts.at(-1)?.ended_at) ?? millis(node.started_at);
  if (begun === null) return null;
  const isOver = isFinished(node.status);
  const isWaiting = !isOver && node.waiting_for !== null && node.waiting_for !== undefined;
  // Time without an attempt or backoff was a wait: a delay, or a decision.
  const rest = (millis(node.completed_at) ?? begun) - begun;
  const wasInBackoff = Boolean(node.attempts.at(-1)?.next_retry_at);
  const hasWaited =
    isOver && node.status !== 'skipped' && !wasInBackoff && rest > (node.attempts.length > 0 ? REST_MS : 0);
  if (!isWaiting && !hasWaited) return null;
  const to = isOver ? millis(node.completed_at) : null;
  return { key: 'wait', kind: 'wait', from: begun, to, due: millis(node.waiting_until), attempt: null };
}

function lastMoment(execution: Execution, rows: readonly WaterfallRow[], start: number): number {
  const ends = rows.flatMap(({ bars }) => bars.map((bar) => bar.to ?? 0));
  return Math.max(start, millis(execution.completed_at) ?? 0, ...ends);
}

/** Returns the latest due time that is not too far away. */
function dueSoon(rows: readonly WaterfallRow[], start: number, last: number): number {
  const limit = start + Math.max(5_000, (last - start) * LOOK_AHEAD);
  let soon = last;
  for (const { bars } of rows) {
    for (const bar of bars) if (bar.to === null && bar.due !== null && bar.due <= limit) soon = Math.max(soon, bar.due);
  }
  return soon;
}

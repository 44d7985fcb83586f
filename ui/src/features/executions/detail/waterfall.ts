/**
 * The timeline of an execution as rows of bars: an attempt, a backoff or a wait each. All functions are pure; times are
 * milliseconds since the epoch.
 */
import type { Execution, JournalEvent, NodeExecution } from '@/api/types';
import { isFinished, nodeStatusKey, type StatusKey } from '@/components/status';
import { millis } from '@/lib/time';
import { type Bar, barsOf } from './bars';
import type { Outage } from './recovery';
import { type Tick, ticksOf, wideEnough } from './time-axis';

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
  /** When no server drove the execution. */
  outages: readonly Outage[];
  ticks: readonly Tick[];
  rows: readonly WaterfallRow[];
}

/** A due time further away than this many times the elapsed time does not extend the axis. */
const LOOK_AHEAD = 3;
const SHORTEST_MS = 10;

export function toWaterfall(
  execution: Execution,
  now: number,
  rows: readonly WaterfallRow[],
  outages: readonly Outage[] = [],
): Waterfall {
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
    outages,
    ticks: ticksOf(end - start),
    rows,
  };
}

/** A cache of rows: the row of an unchanged node stays the same object and is not rendered again. */
const made = new WeakMap<NodeExecution, { row: WaterfallRow; events: number }>();

/** Returns the rows, in the order of the flow document. They do not depend on the current time, so they change only with the execution. */
export function toRows(execution: Execution, journal: readonly JournalEvent[]): WaterfallRow[] {
  const events = byNode(execution, journal);
  return inOrder(execution.node_executions).map((node) => rowOf(node, events.get(node.node_id) ?? []));
}

/** Returns the events of each node, with those about the whole execution; a journal only grows, and so does each list. */
function byNode(execution: Execution, journal: readonly JournalEvent[]): Map<string, JournalEvent[]> {
  const lists = new Map<string, JournalEvent[]>(execution.node_executions.map((node) => [node.node_id, []]));
  for (const event of journal) {
    if (isAboutAll(event)) {
      for (const list of lists.values()) list.push(event);
    } else if ('node_id' in event && event.node_id) lists.get(event.node_id)?.push(event);
  }
  return lists;
}

function isAboutAll({ type }: JournalEvent): boolean {
  return type === 'paused' || type === 'resumed' || type === 'compensation_started' || type === 'finished';
}

/** Returns the nodes in the order of their rows: those of the flow and then, in the order in which they ran, those that undid others. */
function inOrder(nodes: readonly NodeExecution[]): readonly NodeExecution[] {
  const undoing = nodes.filter(isUndoing);
  if (undoing.length === 0 && nodes.every((node) => node.compensates === null)) return nodes;
  const start = (node: NodeExecution) => millis(node.started_at) ?? Number.POSITIVE_INFINITY;
  const own = nodes.filter((node) => node.compensates === null || node.compensates === undefined);
  return [...own, ...undoing.toSorted((one, other) => start(one) - start(other) || 0)];
}

/** Whether a node undoes another one, and not only could. */
export function isUndoing(node: NodeExecution): boolean {
  const isUnused = node.status === 'skipped' || (node.status === 'pending' && node.attempts.length === 0);
  return typeof node.compensates === 'string' && !isUnused;
}

function rowOf(node: NodeExecution, events: readonly JournalEvent[]): WaterfallRow {
  const known = made.get(node);
  if (known?.events === events.length) return known.row;
  const row = { node, status: nodeStatusKey(node), bars: barsOf(node, events) };
  made.set(node, { row, events: events.length });
  return row;
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

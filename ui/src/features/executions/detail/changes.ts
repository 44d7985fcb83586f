/**
 * The event stream of an execution, and how it is merged into the execution that is shown.
 *
 * The stream sends the journal record by record: its events, the nodes that it changed, and at last the execution, with
 * the number of the record as id. Only complete records are applied, so the page always shows a state that the execution
 * was really in.
 */
import type { Execution, JournalEvent, NodeExecution, RecordEnd } from '@/api/types';
import { isFinished } from '@/components/status';
import { parseJsonOr } from '@/lib/json';
import type { SseEvent } from '@/lib/sse';

/** The changes of one record, or of several that are rendered together. */
export interface Change {
  seq: number;
  row: RecordEnd;
  nodes: ReadonlyMap<string, NodeExecution>;
  events: readonly JournalEvent[];
}

/** Collects the messages of a record. */
export class RecordReader {
  private nodes = new Map<string, NodeExecution>();
  private events: JournalEvent[] = [];

  /** Returns the change when the message was the last of its record; `snapshot` when the stream starts over. */
  push(message: SseEvent): Change | 'snapshot' | null {
    if (message.type === 'snapshot') {
      this.clear();
      return 'snapshot';
    }
    const data = parseJsonOr(message.data);
    if (message.type === 'journal' && isEvent(data)) this.events.push(data);
    if (message.type === 'node' && isNode(data)) this.nodes.set(data.node_id, data);
    if (message.type !== 'execution' || !isRow(data)) return null;
    const change = { seq: Number(message.id), row: data, nodes: this.nodes, events: this.events };
    this.clear();
    return change;
  }

  private clear(): void {
    this.nodes = new Map();
    this.events = [];
  }
}

/** Merges a later change into an earlier one that has not been rendered yet. */
export function mergeChanges(earlier: Change | null, later: Change): Change {
  if (!earlier) return later;
  return {
    ...later,
    nodes: new Map([...earlier.nodes, ...later.nodes]),
    events: [...earlier.events, ...later.events],
  };
}

/** Returns the execution after `change`; the same object if it already has that change. */
export function applyChange(execution: Execution, change: Change): Execution {
  if (change.seq <= execution.seq) return execution;
  const nodes = execution.node_executions.map((node) => change.nodes.get(node.node_id) ?? node);
  return {
    ...execution,
    ...withoutTime(change.row),
    flow_name: execution.flow_name,
    flow_version: execution.flow_version,
    recovered: change.row.recovered ?? execution.recovered,
    summary: { ...execution.summary, ...change.row.summary },
    seq: change.seq,
    node_executions: nodes,
  };
}

function withoutTime({ at: _, ...row }: RecordEnd): Omit<RecordEnd, 'at'> {
  return row;
}

/** Whether the whole execution must be fetched: deadline, result, usage and how it ends are not in events. */
export function needsWhole(before: Execution, change: Change): boolean {
  const isUndoing = change.events.some(({ type }) => type === 'compensation_started');
  return isUndoing || before.status !== change.row.status || isFinished(change.row.status);
}

function isEvent(data: unknown): data is JournalEvent {
  return typeof data === 'object' && data !== null && 'seq' in data && 'type' in data;
}

function isNode(data: unknown): data is NodeExecution {
  return typeof data === 'object' && data !== null && 'node_id' in data && 'attempts' in data;
}

function isRow(data: unknown): data is RecordEnd {
  return typeof data === 'object' && data !== null && 'status' in data && 'summary' in data;
}

/**
 * The event stream of an execution, and how it is merged into the execution that is shown.
 *
 * The stream sends the journal record by record: `node` events, then one `execution` event with the record's number as id.
 * Only complete records are applied, so the page always shows a state that the execution was really in.
 */
import type { Execution, ExecutionRow, NodeExecution } from '@/api/types';
import { isFinished } from '@/components/status';
import type { SseEvent } from '@/lib/sse';

/** The state of an execution after a record, as far as the page needs it. */
export type RecordRow = Omit<ExecutionRow, 'attempts' | 'fingerprint'> & {
  /** The time of the record. */
  at?: string;
};

/** The changes of one record, or of several that are rendered together. */
export interface Change {
  seq: number;
  row: RecordRow;
  nodes: ReadonlyMap<string, NodeExecution>;
}

/** Gathers events into records. */
export class RecordReader {
  private nodes = new Map<string, NodeExecution>();

  /** Returns the change when the event was the last of its record; `snapshot` when the stream starts over. */
  push(event: SseEvent): Change | 'snapshot' | null {
    if (event.type === 'snapshot') {
      this.nodes = new Map();
      return 'snapshot';
    }
    const data = read(event.data);
    if (event.type === 'node' && isNode(data)) this.nodes.set(data.node_id, data);
    if (event.type !== 'execution' || !isRow(data)) return null;
    const change = { seq: Number(event.id), row: data, nodes: this.nodes };
    this.nodes = new Map();
    return change;
  }
}

/** Merges a later change into an earlier one that has not been rendered yet. */
export function mergeChanges(earlier: Change | null, later: Change): Change {
  if (!earlier) return later;
  return { ...later, nodes: new Map([...earlier.nodes, ...later.nodes]) };
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

function withoutTime({ at: _, ...row }: RecordRow): Omit<RecordRow, 'at'> {
  return row;
}

/** Whether the whole execution must be fetched: deadline, result and usage are not in events. */
export function needsWhole(before: Execution, change: Change): boolean {
  return before.status !== change.row.status || isFinished(change.row.status);
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isNode(data: unknown): data is NodeExecution {
  return typeof data === 'object' && data !== null && 'node_id' in data && 'attempts' in data;
}

function isRow(data: unknown): data is RecordRow {
  return typeof data === 'object' && data !== null && 'status' in data && 'summary' in data;
}

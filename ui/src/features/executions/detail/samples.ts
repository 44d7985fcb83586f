/** Executions for tests: complete, small, and varied by each test. */
import type { Attempt, Execution, NodeExecution } from '@/api/types';

const START = Date.parse('2026-11-24T10:00:00Z');

const NO_USAGE = { input_tokens: 0, output_tokens: 0, cost: null };
const NO_NODES = {
  total_nodes: 1,
  completed_nodes: 0,
  failed_nodes: 0,
  pending_nodes: 1,
  running_nodes: 0,
  skipped_nodes: 0,
  cancelled_nodes: 0,
};

/** The time `ms` after the start of every sample, as the API writes it. */
export function at(ms: number): string {
  return new Date(START + ms).toISOString();
}

export function anAttempt(number: number, from: number, to: number | null, change: Partial<Attempt> = {}): Attempt {
  return {
    number,
    started_at: at(from),
    ended_at: to === null ? null : at(to),
    duration_ms: to === null ? null : to - from,
    worker: 'here',
    released: false,
    usage: NO_USAGE,
    ...change,
  };
}

export function aNode(change: Partial<NodeExecution> = {}): NodeExecution {
  const id = change.node_id ?? 'submit';
  return {
    id: `id-${id}`,
    node_id: id,
    node_name: id,
    node_type: 'action',
    status: 'pending',
    retry_attempt: 0,
    max_attempts: 3,
    input_data: null,
    output_data: null,
    reused: false,
    usage: NO_USAGE,
    attempts: [],
    ...change,
  };
}

export function anExecution(change: Partial<Execution> = {}): Execution {
  return {
    id: '01a20b8f-ee6f-7431-8fe0-235cbf261d33',
    flow_id: '01900000-0000-7000-8000-000000000004',
    flow_name: 'Retries run out',
    flow_version: 1,
    status: 'running',
    retrying: false,
    recovered: false,
    retried_by: [],
    triggered_by: 'api',
    trigger_data: {},
    created_at: at(0),
    started_at: at(0),
    seq: 1,
    result: null,
    execution_data: {},
    usage: NO_USAGE,
    node_executions: [],
    summary: NO_NODES,
    ...change,
  };
}

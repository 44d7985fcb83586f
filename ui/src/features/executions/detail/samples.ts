/** Executions for tests: complete, small, and varied by each test. */
import type { Attempt, Execution, JournalEvent, NodeExecution, RecordEnd } from '@/api/types';

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
    error_class: null,
    error_message: null,
    backoff_ms: null,
    next_retry_at: null,
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
    skill_used: null,
    agent_id: null,
    agent_version: null,
    error_message: null,
    error_class: null,
    started_at: null,
    completed_at: null,
    duration_ms: null,
    next_retry_at: null,
    waiting_for: null,
    waiting_until: null,
    input_data: null,
    output_data: null,
    reused: false,
    edited: false,
    compensates: null,
    usage: NO_USAGE,
    children: null,
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
    ending_as: null,
    compensated: [],
    retried_by: [],
    forked_from: null,
    fork_node_id: null,
    forks: [],
    parent_id: null,
    parent_node_id: null,
    runs_body: false,
    index: null,
    item: null,
    last: null,
    triggered_by: 'api',
    concurrency_key: null,
    priority: 0,
    starts_at: null,
    trigger_data: {},
    created_at: at(0),
    started_at: at(0),
    completed_at: null,
    deadline: null,
    duration_seconds: null,
    duration_ms: null,
    waiting_for: null,
    current_node_id: null,
    context_id: null,
    context_type: null,
    error_message: null,
    error_class: null,
    retry_of: null,
    seq: 1,
    result: null,
    execution_data: {},
    usage: NO_USAGE,
    node_executions: [],
    summary: NO_NODES,
    ...change,
  };
}

const NOT_IN_EXECUTIONS = { next_retry_at: null, waiting_until: null, fingerprint: null };

/** The end of a record: the execution as the stream sends it. */
export function aRecordEnd(change: Partial<RecordEnd> = {}): RecordEnd {
  const { node_executions: _, execution_data: __, result: ___, usage: ____, seq: _____, ...row } = anExecution();
  return { ...row, ...NOT_IN_EXECUTIONS, at: at(0), attempts: 0, ...change };
}

type Details<Event> = Event extends JournalEvent ? Omit<Event, 'seq' | 'at'> : never;

/** A journal of these events, each `[ms after the start, details]` and a record of its own. */
export function aJournal(...events: readonly (readonly [number, Details<JournalEvent>])[]): JournalEvent[] {
  return events.map(([ms, details], index) => ({ ...details, seq: index + 1, at: at(ms) }) as JournalEvent);
}

const SUBMIT = { node_id: 'submit' };

/** Events about the node of `aNode`, and about the execution. */
export const happened = {
  accepted: {
    type: 'accepted',
    flow_id: '01900000-0000-7000-8000-000000000004',
    flow_version: 1,
    triggered_by: 'api',
    by: { type: 'user', id: null },
    context_id: null,
    context_type: null,
    parent_id: null,
    retry_of: null,
    forked_from: null,
    fork_node_id: null,
    edited: [],
    reused: [],
    worker: 'here',
  },
  started: { type: 'started' },
  attempt: (attempt: number) => ({ type: 'attempt_started', ...SUBMIT, attempt }),
  failure: (attempt: number, next: number | null) => ({
    type: 'attempt_failed',
    ...SUBMIT,
    attempt,
    error_class: 'unavailable',
    error_message: 'HTTP 503',
    next_retry_at: next === null ? null : at(next),
    http_status: null,
    gave_up: null,
    retries_left: next === null ? 0 : 1,
    usage: NO_USAGE,
  }),
  released: { type: 'attempt_released', ...SUBMIT, attempt: 1 },
  waiting: (waiting_for: 'delay' | 'decision' | 'approval', until: number | null) => ({
    type: 'node_waiting',
    ...SUBMIT,
    waiting_for,
    waiting_until: until === null ? null : at(until),
  }),
  resolved: { type: 'resolved', ...SUBMIT, decision: 'retry', message: null, by: { type: 'user', id: 'ada' } },
  asked: (subject: 'node' | 'tool', until: number | null) => ({
    type: 'approval_requested',
    ...SUBMIT,
    step: subject === 'node' ? 'approval:1' : 'tool:1:0',
    tool: 'submit',
    arguments_hash: 'sha256:1',
    expires_at: until === null ? null : at(until),
    subject,
  }),
  answered: (step: string, decision: 'approved' | 'expired') => ({
    type: 'approval_decided',
    ...SUBMIT,
    step,
    decision,
    is_edited: false,
    comment: null,
    by: { type: 'key', id: 'eva' },
  }),
  completed: { type: 'node_completed', ...SUBMIT, not_taken: [], usage: NO_USAGE, reused: false },
  paused: { type: 'paused', by: { type: 'user', id: 'ada' }, with_all: false },
  resumed: { type: 'resumed', by: { type: 'key', id: 'ci' } },
  finished: (status: 'completed' | 'failed' | 'cancelled') => ({
    type: 'finished',
    status,
    error_class: null,
    error_message: null,
    node_id: null,
    by: null,
  }),
} as const satisfies Record<string, Details<JournalEvent> | ((...args: never[]) => Details<JournalEvent>)>;

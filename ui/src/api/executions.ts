/** Calls about executions. */
import { call, nextCursor } from './client';
import type { Execution, ExecutionRow, Json } from './types';

/** What lists of executions are narrowed by; times are RFC 3339. */
export interface ExecutionFilter {
  flow_id?: string | undefined;
  status?: readonly string[] | undefined;
  retrying?: boolean | undefined;
  error_class?: string | undefined;
  /** Whose failure this node caused. */
  node?: string | undefined;
  fingerprint?: string | undefined;
  q?: string | undefined;
  start_date?: string | undefined;
  end_date?: string | undefined;
}

export interface ExecutionPage {
  rows: ExecutionRow[];
  next: string | null;
}

export const EXECUTIONS_PER_PAGE = 100;

export async function listExecutions(
  filter: ExecutionFilter,
  cursor: string | null = null,
  signal?: AbortSignal,
  limit = EXECUTIONS_PER_PAGE,
): Promise<ExecutionPage> {
  const query = { ...filter, limit, cursor };
  const { data, headers } = await call<ExecutionRow[]>('GET', '/studio/executions', {
    query,
    ...(signal && { signal }),
  });
  return { rows: data, next: nextCursor(headers.get('link')) };
}

export async function getExecution(id: string, signal?: AbortSignal): Promise<Execution> {
  return (await call<Execution>('GET', `/studio/executions/${id}`, { ...(signal && { signal }) })).data;
}

export type Control = 'cancel' | 'pause' | 'resume';

export async function controlExecution(id: string, control: Control): Promise<void> {
  await call('POST', `/studio/executions/${id}/${control}`);
}

export async function retryNow(id: string, nodeId: string): Promise<void> {
  await call('POST', `/studio/executions/${id}/nodes/${encodeURIComponent(nodeId)}/retry-now`);
}

export type RetryMode = 'from_start' | 'from_failed';

export interface RetryPlan {
  mode: RetryMode;
  /** The nodes that would run, if the edges lead to them. */
  run: readonly string[];
  /** The nodes whose output would be taken over. */
  reuse: readonly string[];
}

export async function getRetryPlan(id: string, mode: RetryMode, signal?: AbortSignal): Promise<RetryPlan> {
  const options = { query: { mode }, ...(signal && { signal }) };
  return (await call<RetryPlan>('GET', `/studio/executions/${id}/retry-plan`, options)).data;
}

/** Makes a new execution from a failed or cancelled one and returns its id; the same key twice makes one. */
export async function retryExecution(id: string, mode: RetryMode, idempotencyKey: string): Promise<string> {
  const options = { body: { mode }, idempotencyKey };
  const { data } = await call<{ new_execution_id: string }>('POST', `/studio/executions/${id}/retry`, options);
  return data.new_execution_id;
}

export type Decision =
  | { decision: 'retry' }
  | { decision: 'complete'; output: Json }
  | { decision: 'fail'; message?: string };

export async function decideNode(id: string, nodeId: string, decision: Decision): Promise<void> {
  await call('POST', `/studio/executions/${id}/nodes/${encodeURIComponent(nodeId)}/decide`, { body: decision });
}

export interface RetryManyBody {
  filter: {
    flow_id?: string | undefined;
    error_class?: string | undefined;
    node?: string | undefined;
    fingerprint?: string | undefined;
    q?: string | undefined;
    start_date?: string | undefined;
    end_date?: string | undefined;
  };
  mode?: RetryMode;
  dry_run: boolean;
  /** At most so many, newest first; 1,000 is the most. */
  limit: number;
  /** Only those accepted before this execution: the last of the batch before. */
  before?: string | undefined;
}

export interface RetriedMany {
  dry_run: boolean;
  matched: number;
  retried: number;
  skipped: number;
  items: readonly { execution_id: string; new_execution_id: string | null; skipped: string | null }[];
}

/** Retries the failed executions that fit and were not retried before, or says which it would. */
export async function retryMany(body: RetryManyBody): Promise<RetriedMany> {
  return (await call<RetriedMany>('POST', '/studio/executions/retry', { body })).data;
}

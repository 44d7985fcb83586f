/** Calls about executions. */
import { call, nextCursor } from './client';
import type { Execution, ExecutionRow } from './types';

/** What lists of executions are narrowed by; times are RFC 3339. */
export interface ExecutionFilter {
  flow_id?: string | undefined;
  status?: readonly string[] | undefined;
  retrying?: boolean | undefined;
  error_class?: string | undefined;
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

/** Calls about flows, and the queries that more than one feature reads. */
import { queryOptions } from '@tanstack/react-query';
import { call, nextCursor } from './client';
import type { Flow, FlowStatus } from './types';

const PAGE = 100;
/** Enough for every studio; a reader with more searches. */
const PAGES_MAX = 20;

/** Returns every flow, newest first. */
export async function listFlows(signal?: AbortSignal): Promise<Flow[]> {
  const flows: Flow[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer: { data: Flow[]; headers: Headers } = await call<Flow[]>('GET', '/studio/flows', {
      query: { limit: PAGE, cursor },
      ...(signal && { signal }),
    });
    flows.push(...answer.data);
    cursor = nextCursor(answer.headers.get('link'));
    if (!cursor) break;
  }
  return flows;
}

export async function getFlow(id: string, version?: number, signal?: AbortSignal): Promise<Flow> {
  return (await call<Flow>('GET', `/studio/flows/${id}`, { query: { version }, ...(signal && { signal }) })).data;
}

export async function createFlow(document: unknown): Promise<Flow> {
  return (await call<Flow>('POST', '/studio/flows', { body: document })).data;
}

/** Changes what is given; a change of the document makes a new version. */
export async function patchFlow(id: string, changes: unknown): Promise<Flow> {
  return (await call<Flow>('PATCH', `/studio/flows/${id}`, { body: changes })).data;
}

export async function setFlowStatus(id: string, status: FlowStatus): Promise<void> {
  if (status === 'active') await call('PATCH', `/studio/flows/${id}/activate`);
  else await call('PATCH', `/studio/flows/${id}`, { body: { status } });
}

export async function deleteFlow(id: string): Promise<void> {
  await call('DELETE', `/studio/flows/${id}`);
}

export interface StartBody {
  context_id?: string;
  context_type?: string;
  trigger_data?: unknown;
}

/** Starts an execution; the same key twice gives the same execution. */
export async function executeFlow(id: string, body: StartBody, idempotencyKey: string): Promise<string> {
  const { data } = await call<{ execution_id: string }>('POST', `/studio/flows/${id}/execute`, {
    body,
    idempotencyKey,
  });
  return data.execution_id;
}

export const flowsQuery = () =>
  queryOptions({ queryKey: ['flows'], queryFn: ({ signal }) => listFlows(signal), staleTime: 10_000 });

export const flowQuery = (id: string) =>
  queryOptions({ queryKey: ['flows', id], queryFn: ({ signal }) => getFlow(id, undefined, signal) });

/** A flow as it was at `version`. Versions never change, so it is asked for once. */
export const flowVersionQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['flows', id, 'versions', version],
    queryFn: ({ signal }) => getFlow(id, version, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

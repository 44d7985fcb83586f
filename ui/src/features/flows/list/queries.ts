import { queryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import { listExecutions } from '@/api/executions';
import { createFlow } from '@/api/flows';
import type { Fault } from '@/api/problem';
import type { Flow } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import type { FlowDocument } from './flow-document';

/** How many of the newest executions a flow shows. */
export const RECENT_MAX = 20;

/** The newest executions of a flow. Events are merged into it; without them it is asked for again. */
export const recentQuery = (flowId: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['executions', 'recent', flowId],
    queryFn: async ({ signal }) => (await listExecutions({ flow_id: flowId }, null, signal, RECENT_MAX)).rows,
    staleTime: 5_000,
    refetchInterval: isLive ? false : 10_000,
  });

/** How a flow has been doing. */
export interface FlowCounts {
  flow_id: string;
  executions: number;
  completed: number;
  recovered: number;
  /** `null` where none has ended. */
  success_rate?: number | null;
}

/** How every flow did in the last seven days, by its id. */
export const weekQuery = () =>
  queryOptions({
    queryKey: ['analytics', 'flows', '7d'],
    queryFn: async ({ signal }) => {
      const query = { from: periodStart('7d', serverNow()), bucket: 'day' };
      const { data } = await call<{ flows: FlowCounts[] }>('GET', '/studio/analytics/retries', { query, signal });
      return new Map(data.flows.map((counts) => [counts.flow_id, counts]));
    },
    staleTime: 5_000,
    refetchInterval: 30_000,
  });

/** Returns every fault of a document; none when it can be stored. */
export async function validateDocument(document: FlowDocument, signal: AbortSignal): Promise<Fault[]> {
  const { data } = await call<{ errors: { pointer: string; message: string }[] }>('POST', '/studio/flows/validate', {
    body: document,
    signal,
  });
  return data.errors.map(({ pointer, message }) => ({ pointer, detail: message }));
}

export const validationQuery = (document: FlowDocument | null, text: string) =>
  queryOptions({
    queryKey: ['flow-validation', text],
    queryFn: ({ signal }) => validateDocument(document ?? {}, signal),
    enabled: document !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

/** Makes a draft from a template. */
export async function instantiate(templateId: string, name: string): Promise<Flow> {
  const options = { body: { name } };
  return (await call<Flow>('POST', `/studio/flows/templates/${templateId}/instantiate`, options)).data;
}

/** Stores a document as a draft, whatever status it came with. */
export async function createDraft(document: FlowDocument): Promise<Flow> {
  return createFlow({ ...document, status: 'draft' });
}

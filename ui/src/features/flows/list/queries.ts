import { queryOptions } from '@tanstack/react-query';
import { listExecutions } from '@/api/executions';
import { createFlow, validateFlow } from '@/api/flows';
import { type FlowCounts, getRetryAnalytics } from '@/api/reports';
import type { Flow, FlowInput } from '@/api/types';
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

/** How every flow did in the last seven days, by its id. */
export const weekQuery = () =>
  queryOptions({
    queryKey: ['analytics', 'flows', '7d'],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, FlowCounts>> => {
      const scope = { from: periodStart('7d', serverNow()), bucket: 'day' } as const;
      const { flows } = await getRetryAnalytics(scope, signal);
      return new Map(flows.map((counts) => [counts.flow_id, counts]));
    },
    staleTime: 5_000,
    refetchInterval: 30_000,
  });

export const validationQuery = (document: FlowDocument | null, text: string) =>
  queryOptions({
    queryKey: ['flow-validation', text],
    queryFn: ({ signal }) => validateFlow(asInput(document ?? {}), signal),
    enabled: document !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

/** Stores a document as a draft, whatever status it came with. */
export async function createDraft(document: FlowDocument): Promise<Flow> {
  return createFlow({ ...asInput(document), status: 'draft' });
}

/** What was read from a file or pasted may be anything; whether it is a flow, the server says. */
function asInput(document: FlowDocument): FlowInput {
  return document as FlowInput;
}

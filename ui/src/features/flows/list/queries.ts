import { queryOptions } from '@tanstack/react-query';
import { listExecutions } from '@/api/executions';
import { createFlow, validateFlow } from '@/api/flows';
import { type FlowCounts, getRetryAnalytics } from '@/api/reports';
import type { Flow, FlowInput } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import type { FlowDocument } from './flow-document';

/** How many recent executions a flow shows. */
export const RECENT_MAX = 20;

/** The newest executions of a flow. Events are merged into it; without a stream it is polled. */
export const recentQuery = (flowId: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['executions', 'recent', flowId],
    queryFn: async ({ signal }) => (await listExecutions({ flow_id: flowId }, null, signal, RECENT_MAX)).rows,
    staleTime: 5_000,
    refetchInterval: isLive ? false : 10_000,
  });

/** The outcomes of flows in the last seven days. */
interface Week {
  byId: ReadonlyMap<string, FlowCounts>;
  /** Whether a flow that is missing has none: the server leaves some out if there are very many. */
  isComplete: boolean;
}

export const weekQuery = () =>
  queryOptions({
    queryKey: ['analytics', 'flows', '7d'],
    queryFn: async ({ signal }): Promise<Week> => {
      const scope = { from: periodStart('7d', serverNow()), bucket: 'day' } as const;
      const { flows, flows_left_out } = await getRetryAnalytics(scope, signal);
      return { byId: new Map(flows.map((counts) => [counts.flow_id, counts])), isComplete: flows_left_out === 0 };
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

/** Stores a document as a draft, whatever its status is. */
export async function createDraft(document: FlowDocument): Promise<Flow> {
  return createFlow({ ...asInput(document), status: 'draft' });
}

/** Validates a document from a file or the clipboard, which may be anything, on the server. */
function asInput(document: FlowDocument): FlowInput {
  return document as FlowInput;
}

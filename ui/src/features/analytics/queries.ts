import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { listExecutions } from '@/api/executions';
import { type AnalyticsScope, getRetryAnalytics } from '@/api/reports';

export const analyticsQuery = (scope: AnalyticsScope) =>
  queryOptions({
    queryKey: ['analytics', 'retries', scope],
    queryFn: ({ signal }) => getRetryAnalytics(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

/** How many executions latencies are made of: the newest, as the server keeps no percentiles. */
const LATENCY_EXECUTIONS = 1_000;

/** The executions of a period that have run to an end of their own. */
export const endedQuery = (flow: string | undefined, from: string) =>
  queryOptions({
    queryKey: ['analytics', 'latency', flow, from],
    queryFn: async ({ signal }) => {
      const filter = { flow_id: flow, start_date: from, status: ['completed', 'failed'] } as const;
      return (await listExecutions(filter as never, null, signal, LATENCY_EXECUTIONS)).rows;
    },
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });

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

/** The executions of a period that have run to an end of their own; until now where `to` is absent. */
export const endedQuery = (flow: string | undefined, from: string, to?: string) =>
  queryOptions({
    queryKey: ['analytics', 'latency', flow, from, to],
    queryFn: async ({ signal }) => {
      const filter = { flow_id: flow, start_date: from, end_date: to, status: ['completed', 'failed'] } as const;
      return (await listExecutions(filter as never, null, signal, LATENCY_EXECUTIONS)).rows;
    },
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { type ExecutionFilter, getExecution, getRetryPlan, listExecutions, type RetryMode } from '@/api/executions';
import { isFinished } from '@/lib/status';

/** Pages of executions that fit `filter`, newest first. Live updates are merged into it, so it never goes stale by itself. */
export const executionsQuery = (filter: ExecutionFilter) =>
  infiniteQueryOptions({
    queryKey: ['executions', 'list', filter],
    queryFn: ({ pageParam, signal }) => listExecutions(filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
  });

/** One execution. While the stream is down it is asked for every second; a finished one cannot change. */
export const executionQuery = (id: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['executions', 'detail', id],
    queryFn: ({ signal }) => getExecution(id, signal),
    refetchInterval: ({ state }) => {
      if (isLive || (state.data && isFinished(state.data.status))) return false;
      return 1_000;
    },
  });

export const retryPlanQuery = (id: string, mode: RetryMode) =>
  queryOptions({
    queryKey: ['executions', 'retry-plan', id, mode],
    queryFn: ({ signal }) => getRetryPlan(id, mode, signal),
    staleTime: 0,
  });

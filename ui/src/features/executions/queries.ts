import { infiniteQueryOptions } from '@tanstack/react-query';
import { type ExecutionFilter, listExecutions } from '@/api/executions';

/** Pages of executions that match `filter`, newest first. Live updates are merged into it, so it never becomes stale. */
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

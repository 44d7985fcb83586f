import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { type AnalyticsScope, getRetryAnalytics } from '@/api/reports';

export const analyticsQuery = (scope: AnalyticsScope) =>
  queryOptions({
    queryKey: ['analytics', 'retries', scope],
    queryFn: ({ signal }) => getRetryAnalytics(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

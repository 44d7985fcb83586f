import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { getRetryAnalytics, type ReportScope } from '@/api/reports';

export const analyticsQuery = (scope: ReportScope & { bucket: 'hour' | 'day' }) =>
  queryOptions({
    queryKey: ['analytics', 'retries', scope],
    queryFn: ({ signal }) => getRetryAnalytics(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

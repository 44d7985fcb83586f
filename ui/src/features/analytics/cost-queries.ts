import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { type CostScope, getCostAnalytics, getTimeAnalytics, type TimeScope } from '@/api/reports';

export const costsQuery = (scope: CostScope) =>
  queryOptions({
    queryKey: ['analytics', 'costs', scope],
    queryFn: ({ signal }) => getCostAnalytics(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

/** How long the same calls took. */
export const timesQuery = (scope: TimeScope) =>
  queryOptions({
    queryKey: ['analytics', 'times', scope],
    queryFn: ({ signal }) => getTimeAnalytics(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

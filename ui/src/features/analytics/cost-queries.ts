import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { type CostScope, getCostAnalytics } from '@/api/reports';

export const costsQuery = (scope: CostScope) =>
  queryOptions({
    queryKey: ['analytics', 'costs', scope],
    queryFn: ({ signal }) => getCostAnalytics(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

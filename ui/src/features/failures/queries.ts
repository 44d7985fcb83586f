import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { type RetryMode, retryMany } from '@/api/executions';
import { listFailures, type ReportScope } from '@/api/reports';

/** Executions that one press retries at most; the API allows no more. */
export const RETRIED_MAX = 1_000;

export const failuresQuery = (scope: ReportScope) =>
  queryOptions({
    queryKey: ['failures', 'list', scope],
    queryFn: ({ signal }) => listFailures(scope, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

const bodyOf = (fingerprint: string, flow: string, mode: RetryMode, dryRun: boolean) => ({
  filter: { fingerprint, flow_id: flow },
  mode,
  dry_run: dryRun,
  limit: RETRIED_MAX,
});

/** What a retry of this group would do. */
export const dryRunQuery = (fingerprint: string, flow: string, mode: RetryMode) =>
  queryOptions({
    queryKey: ['failures', 'dry-run', fingerprint, flow, mode],
    queryFn: () => retryMany(bodyOf(fingerprint, flow, mode, true)),
    staleTime: 0,
    gcTime: 0,
  });

export function useRetryGroup(fingerprint: string, flow: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (mode: RetryMode) => retryMany(bodyOf(fingerprint, flow, mode, false)),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['failures', 'list'] });
      void queries.invalidateQueries({ queryKey: ['executions'], refetchType: 'none' });
    },
  });
}

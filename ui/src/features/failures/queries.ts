import { keepPreviousData, type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { listExecutions, type RetryMode, retryMany } from '@/api/executions';
import { listFailures, type ReportScope } from '@/api/reports';
import { isOver, type Known, learn, unended } from './progress';

/** The most executions in one bulk retry; the limit of the API. */
export const RETRIED_MAX = 1_000;

export const failuresKey = ['failures', 'list'] as const;

/** The groups. Events trigger a new fetch; polling covers what events miss. */
export const failuresQuery = (scope: ReportScope) =>
  queryOptions({
    queryKey: [...failuresKey, scope],
    queryFn: ({ signal }) => listFailures(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

/** Which failed executions to retry: one batch of a group. */
export interface Batch {
  fingerprint: string;
  flow: string;
  /** Only executions accepted before this one, the last of the previous batch; all of them when absent. */
  before: string | undefined;
}

const bodyOf = ({ fingerprint, flow, before }: Batch, mode: RetryMode, dryRun: boolean) => ({
  filter: { fingerprint, flow_id: flow },
  mode,
  dry_run: dryRun,
  limit: RETRIED_MAX,
  before,
});

/** The dry run of this batch. */
export const dryRunQuery = (batch: Batch, mode: RetryMode) =>
  queryOptions({
    queryKey: ['failures', 'dry-run', batch, mode],
    queryFn: () => retryMany(bodyOf(batch, mode, true)),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

export function useRetryGroup(batch: Batch) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (mode: RetryMode) => retryMany(bodyOf(batch, mode, false)),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: failuresKey });
      void queries.invalidateQueries({ queryKey: ['executions'], refetchType: 'none' });
    },
  });
}

/** The most pages that are searched for the new executions. */
const PAGES_MAX = 20;
const POLL_MS = 2_000;
/** While the stream is open, polling only covers what it missed. */
const POLL_LIVE_MS = 15_000;

/** The known new executions, by id. Read from the list in pages, never one by one. */
export const progressQuery = (flow: string, ids: readonly string[], isLive: boolean) =>
  queryOptions({
    queryKey: progressKey(ids),
    queryFn: ({ client, signal }) => readProgress(client, flow, ids, signal),
    refetchInterval: ({ state }) => (isOver(ids, state.data) ? false : isLive ? POLL_LIVE_MS : POLL_MS),
    enabled: ids.length > 0,
    gcTime: 0,
  });

/** An execution belongs to one bulk retry only, so the first one identifies them all. */
export function progressKey(ids: readonly string[]) {
  return ['failures', 'progress', ids[0] ?? ''] as const;
}

async function readProgress(client: QueryClient, flow: string, ids: readonly string[], signal: AbortSignal) {
  const known = () => client.getQueryData<Known>(progressKey(ids)) ?? {};
  const wanted = unended(ids, known());
  // Ids sort by time and the list is newest first: no wanted execution comes after the oldest one.
  const oldest = [...wanted].sort()[0] ?? '';
  let found: Known = {};
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { rows, next } = await listExecutions({ flow_id: flow }, cursor, signal);
    found = learn(found, rows, wanted);
    if (!next || (rows.at(-1)?.id ?? '') <= oldest) break;
    cursor = next;
  }
  // Events may have brought newer states while the pages were loading.
  return learn(known(), Object.values(found), wanted);
}

import { keepPreviousData, type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { listExecutions, type RetryMode, retryMany } from '@/api/executions';
import { listFailures, type ReportScope } from '@/api/reports';
import { isOver, type Known, learn, unended } from './progress';

/** Executions that one press retries at most; the API allows no more. */
export const RETRIED_MAX = 1_000;

export const failuresKey = ['failures', 'list'] as const;

/** The groups. Events say when to ask again; asking by the clock is for what no event told. */
export const failuresQuery = (scope: ReportScope) =>
  queryOptions({
    queryKey: [...failuresKey, scope],
    queryFn: ({ signal }) => listFailures(scope, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

/** Which failed executions to retry: a group's, a batch at a time. */
export interface Batch {
  fingerprint: string;
  flow: string;
  /** Only those accepted before this execution, the last of the batch before; all of them when absent. */
  before: string | undefined;
}

const bodyOf = ({ fingerprint, flow, before }: Batch, mode: RetryMode, dryRun: boolean) => ({
  filter: { fingerprint, flow_id: flow },
  mode,
  dry_run: dryRun,
  limit: RETRIED_MAX,
  before,
});

/** What a retry of this batch would do. */
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

/** So many pages are looked through for the new executions at most, however many others came meanwhile. */
const PAGES_MAX = 20;
const POLL_MS = 2_000;
/** While the stream is there, asking is only for what it lost. */
const POLL_LIVE_MS = 15_000;

/** What is known of the new executions, by id. Read from the list in pages, never one by one. */
export const progressQuery = (flow: string, ids: readonly string[], isLive: boolean) =>
  queryOptions({
    queryKey: progressKey(ids),
    queryFn: ({ client, signal }) => readProgress(client, flow, ids, signal),
    refetchInterval: ({ state }) => (isOver(ids, state.data) ? false : isLive ? POLL_LIVE_MS : POLL_MS),
    enabled: ids.length > 0,
    gcTime: 0,
  });

/** An execution is of one retry only, so the first one names them all. */
export function progressKey(ids: readonly string[]) {
  return ['failures', 'progress', ids[0] ?? ''] as const;
}

async function readProgress(client: QueryClient, flow: string, ids: readonly string[], signal: AbortSignal) {
  const known = () => client.getQueryData<Known>(progressKey(ids)) ?? {};
  const wanted = unended(ids, known());
  // Ids sort by time and the list is newest first: nothing that is wanted lies behind the oldest.
  const oldest = [...wanted].sort()[0] ?? '';
  let found: Known = {};
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { rows, next } = await listExecutions({ flow_id: flow }, cursor, signal);
    found = learn(found, rows, wanted);
    if (!next || (rows.at(-1)?.id ?? '') <= oldest) break;
    cursor = next;
  }
  // Events may have told more while the pages came.
  return learn(known(), Object.values(found), wanted);
}

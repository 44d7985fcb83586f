import { type InfiniteData, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { eventsUrl, executionIn } from '@/api/events';
import { type ExecutionFilter, type ExecutionPage, listExecutions } from '@/api/executions';
import type { ExecutionRow } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import type { SseEvent, StreamState } from '@/lib/sse';
import type { Filters } from './filters';
import { isNewTo, mergeHead, patchRows } from './list-cache';
import { executionsQuery } from './queries';

/** The shortest time between two renders of changes. */
const DRAW_MS = 250;
/** The shortest time between two fetches of the first page. */
const HEAD_MS = 1_000;
const POLL_MS = 3_000;

/** Keeps the loaded part of the list up to date: by events while the stream is open, by polling while it is not. */
export function useLiveList(filters: Filters, filter: ExecutionFilter): StreamState {
  const queries = useQueryClient();
  const changed = useRef(new Map<string, ExecutionRow>());

  const { draw, refreshHead } = useMemo(() => {
    const key = executionsQuery(filter).queryKey;
    type List = InfiniteData<ExecutionPage, string | null>;
    const refresh = coalesce(async () => {
      const head = await listExecutions(filter).catch(() => null);
      if (head) queries.setQueryData<List>(key, (list) => list && mergeHead(list, head));
    }, HEAD_MS);
    const flush = coalesce(() => {
      const rows = changed.current;
      changed.current = new Map();
      queries.setQueryData<List>(key, (list) => (list ? (patchRows(list, rows, filters) ?? list) : list));
      const list = queries.getQueryData<List>(key);
      if ([...rows.values()].some((row) => isNewTo(list, row, filters))) refresh();
    }, DRAW_MS);
    return { draw: flush, refreshHead: refresh };
  }, [queries, filter, filters]);

  useEffect(
    () => () => {
      draw.cancel();
      refreshHead.cancel();
    },
    [draw, refreshHead],
  );

  const receive = (event: SseEvent) => {
    const row = executionIn(event);
    // A snapshot, a gap or an unknown event: the list is fetched again.
    if (!row) return refreshHead();
    changed.current.set(row.id, row);
    draw();
  };
  const state = useStream(eventsUrl(), receive);

  useEffect(() => {
    if (state === 'live') return;
    const timer = setInterval(refreshHead, POLL_MS);
    return () => clearInterval(timer);
  }, [state, refreshHead]);

  return state;
}

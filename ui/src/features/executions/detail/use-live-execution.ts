import { type QueryClient, type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { addressOf } from '@/api/client';
import type { Execution, JournalEvent } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { isFinished } from '@/components/status';
import { coalesce } from '@/lib/coalesce';
import type { SseEvent, StreamState } from '@/lib/sse';
import { applyChange, type Change, mergeChanges, needsWhole, RecordReader } from './changes';
import { hasGap, joined, lastSeq } from './journal-records';
import { executionQuery, journalQuery } from './queries';

/** The shortest time between two renders of changes. */
const DRAW_MS = 80;
const POLL_MS = 1_000;
/** A proxy may keep a stream open after its server is gone, so the execution is also polled. */
const CHECK_MS = 5_000;

interface LiveExecution {
  query: UseQueryResult<Execution>;
  /** `undefined` until it is loaded; empty if it cannot be. */
  journal: readonly JournalEvent[] | undefined;
  stream: StreamState;
}

/** One execution and its journal, updated by the event stream; while that is down they are polled every second. */
export function useLiveExecution(id: string): LiveExecution {
  const queries = useQueryClient();
  const query = useQuery(executionQuery(id));
  const journal = useQuery(journalQuery(id));
  const isOpen = query.data !== undefined && !isFinished(query.data.status);
  const reader = useRef(new RecordReader());
  const waiting = useRef<Change | null>(null);

  const draw = useMemo(() => {
    return coalesce(() => {
      if (waiting.current) apply(queries, id, waiting.current);
      waiting.current = null;
    }, DRAW_MS);
  }, [queries, id]);
  useEffect(() => () => draw.cancel(), [draw]);

  const receive = (event: SseEvent) => {
    const change = reader.current.push(event);
    if (change === 'snapshot') void Promise.all([query.refetch(), journal.refetch()]);
    else if (change) {
      waiting.current = mergeChanges(waiting.current, change);
      draw();
    }
  };
  // The stream starts after the last record that both have, so nothing is missed.
  const known = Math.min(query.data?.seq ?? 0, lastSeq(journal.data ?? []));
  const url = isOpen && journal.data ? addressOf('/studio/executions/{id}/events', { path: { id } }) : null;
  const stream = useStream(url, receive, known);
  const isBehind = (query.data?.seq ?? 0) > lastSeq(journal.data ?? []);
  const pollMs = stream === 'live' ? CHECK_MS : POLL_MS;
  useQuery({ ...executionQuery(id), refetchInterval: isOpen && pollMs, notifyOnChangeProps: [] });
  useQuery({ ...journalQuery(id), refetchInterval: (isOpen || isBehind) && pollMs, notifyOnChangeProps: [] });
  return { query, journal: journal.data ?? (journal.isError ? [] : undefined), stream };
}

function apply(queries: QueryClient, id: string, change: Change): void {
  const { queryKey } = executionQuery(id);
  const before = queries.getQueryData(queryKey);
  if (before) {
    queries.setQueryData(queryKey, applyChange(before, change));
    if (needsWhole(before, change)) void queries.invalidateQueries({ queryKey });
  }
  const { queryKey: journalKey } = journalQuery(id);
  const events = queries.getQueryData(journalKey);
  if (!events) return;
  if (hasGap(events, change.events)) void queries.invalidateQueries({ queryKey: journalKey });
  else queries.setQueryData(journalKey, joined(events, change.events));
}

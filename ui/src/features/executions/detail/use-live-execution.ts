import { type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { addressOf } from '@/api/client';
import type { Execution } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { isFinished } from '@/components/status';
import { coalesce } from '@/lib/coalesce';
import type { SseEvent, StreamState } from '@/lib/sse';
import { applyChange, type Change, mergeChanges, needsWhole, RecordReader } from './changes';
import { executionQuery } from './queries';

/** The shortest time between two renders of changes. */
const DRAW_MS = 80;
const POLL_MS = 1_000;
/** A proxy may keep a stream open after its server is gone, so the execution is also polled. */
const CHECK_MS = 5_000;

interface LiveExecution {
  query: UseQueryResult<Execution>;
  stream: StreamState;
}

/** One execution, updated by its events; while the stream is down it is polled every second. */
export function useLiveExecution(id: string): LiveExecution {
  const queries = useQueryClient();
  const query = useQuery(executionQuery(id));
  const isOpen = query.data !== undefined && !isFinished(query.data.status);
  const reader = useRef(new RecordReader());
  const waiting = useRef<Change | null>(null);

  const draw = useMemo(() => {
    const key = executionQuery(id).queryKey;
    return coalesce(() => {
      const change = waiting.current;
      const before = queries.getQueryData(key);
      waiting.current = null;
      if (!change || !before) return;
      queries.setQueryData(key, applyChange(before, change));
      if (needsWhole(before, change)) void queries.invalidateQueries({ queryKey: key });
    }, DRAW_MS);
  }, [queries, id]);
  useEffect(() => () => draw.cancel(), [draw]);

  const receive = (event: SseEvent) => {
    const change = reader.current.push(event);
    if (change === 'snapshot') void query.refetch();
    else if (change) {
      waiting.current = mergeChanges(waiting.current, change);
      draw();
    }
  };
  // The stream starts after the last known record, so nothing is repeated or missed.
  const url = isOpen ? addressOf('/studio/executions/{id}/events', { path: { id } }) : null;
  const stream = useStream(url, receive, query.data?.seq);
  useQuery({
    ...executionQuery(id),
    refetchInterval: isOpen && (stream === 'live' ? CHECK_MS : POLL_MS),
    notifyOnChangeProps: [],
  });
  return { query, stream };
}

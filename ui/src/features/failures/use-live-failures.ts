import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { eventsUrl, executionIn } from '@/api/events';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import type { StreamState } from '@/lib/sse';
import { failuresKey } from './queries';

/** The shortest time between two fetches of the groups. */
const ASK_MS = 2_000;

/** Fetches the groups again when an execution fails; returns the state of the stream. */
export function useLiveFailures(flow: string | undefined): StreamState {
  const queries = useQueryClient();
  const refresh = useMemo(
    () => coalesce(() => void queries.invalidateQueries({ queryKey: failuresKey }), ASK_MS),
    [queries],
  );
  useEffect(() => () => refresh.cancel(), [refresh]);
  return useStream(eventsUrl(flow), (event) => {
    const row = executionIn(event);
    // A snapshot or a gap: something may have failed in the meantime.
    if (!row || row.status === 'failed') refresh();
  });
}

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { eventsUrl, executionIn } from '@/api/events';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import type { StreamState } from '@/lib/sse';
import { failuresKey } from './queries';

/** How often the groups are asked for at most, however many fail. */
const ASK_MS = 2_000;

/** Asks for the groups again when something fails; tells how the stream stands. */
export function useLiveFailures(flow: string | undefined): StreamState {
  const queries = useQueryClient();
  const refresh = useMemo(
    () => coalesce(() => void queries.invalidateQueries({ queryKey: failuresKey }), ASK_MS),
    [queries],
  );
  useEffect(() => () => refresh.cancel(), [refresh]);
  return useStream(eventsUrl(flow), (event) => {
    const row = executionIn(event);
    // A snapshot, or a mark that events were missed: something may have failed meanwhile.
    if (!row || row.status === 'failed') refresh();
  });
}

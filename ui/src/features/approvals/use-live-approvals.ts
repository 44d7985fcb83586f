import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { approvalsKey, approvalsQuery } from '@/api/approvals';
import { eventsUrl, executionIn } from '@/api/events';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import type { StreamState } from '@/lib/sse';

/** The shortest time between two fetches of the list. */
const ASK_MS = 1_000;

/** Fetches the list again when a call begins or ceases to wait; returns the state of the stream. */
export function useLiveApprovals(): StreamState {
  const queries = useQueryClient();
  const refresh = useMemo(
    () => coalesce(() => void queries.invalidateQueries({ queryKey: approvalsKey }), ASK_MS),
    [queries],
  );
  useEffect(() => () => refresh.cancel(), [refresh]);
  return useStream(eventsUrl(), (event) => {
    const row = executionIn(event);
    const listed = queries.getQueryData(approvalsQuery().queryKey)?.rows ?? [];
    // A snapshot or a gap: calls may have been asked for or decided on in the meantime.
    if (!row || row.waiting_for === 'approval' || listed.some(({ execution_id }) => execution_id === row.id)) {
      refresh();
    }
  });
}

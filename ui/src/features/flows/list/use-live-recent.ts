import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { eventsUrl, executionIn } from '@/api/events';
import type { ExecutionRow } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { isFinished } from '@/components/status';
import { coalesce } from '@/lib/coalesce';
import type { StreamState } from '@/lib/sse';
import { RECENT_MAX, recentQuery, weekQuery } from './queries';
import { withRow } from './recent';

/** The shortest time between two renders of changes. */
const DRAW_MS = 250;
/** The shortest time between two fetches of success rates. */
const RATES_MS = 5_000;

/** Keeps sparklines and success rates up to date with the events of all executions. */
export function useLiveRecent(): StreamState {
  const queries = useQueryClient();
  const changed = useRef(new Map<string, ExecutionRow>());

  const { draw, refreshRates } = useMemo(() => {
    const rates = coalesce(() => void queries.invalidateQueries({ queryKey: weekQuery().queryKey }), RATES_MS);
    const flush = coalesce(() => {
      const rows = changed.current;
      changed.current = new Map();
      for (const row of rows.values()) {
        const key = recentQuery(row.flow_id, true).queryKey;
        queries.setQueryData(key, (known) => known && withRow(known, row, RECENT_MAX));
      }
    }, DRAW_MS);
    return { draw: flush, refreshRates: rates };
  }, [queries]);

  useEffect(
    () => () => {
      draw.cancel();
      refreshRates.cancel();
    },
    [draw, refreshRates],
  );

  return useStream(eventsUrl(), (event) => {
    const row = executionIn(event);
    if (!row) return;
    changed.current.set(row.id, row);
    draw();
    if (isFinished(row.status)) refreshRates();
  });
}

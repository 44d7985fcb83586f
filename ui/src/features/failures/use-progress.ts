import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { eventsUrl, executionIn } from '@/api/events';
import type { ExecutionRow } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import { isOver, type Known, learn } from './progress';
import { progressKey, progressQuery } from './queries';

/** The shortest time between two renders of changes. */
const DRAW_MS = 250;
/** The shortest time between two fetches of the list after missed events. */
const ASK_MS = 2_000;

/** Follows executions until all have ended: by the flow's events, and by fetching what was missed. */
export function useProgress(flow: string, ids: readonly string[]) {
  const queries = useQueryClient();
  const changed = useRef<ExecutionRow[]>([]);
  const [isLive, setLive] = useState(false);
  const progress = useQuery(progressQuery(flow, ids, isLive));
  const isDone = isOver(ids, progress.data);

  const { draw, ask } = useMemo(() => {
    const queryKey = progressKey(ids);
    const wanted = new Set(ids);
    return {
      ask: coalesce(() => void queries.invalidateQueries({ queryKey }), ASK_MS),
      draw: coalesce(() => {
        const rows = changed.current;
        changed.current = [];
        queries.setQueryData<Known>(queryKey, (known) => learn(known ?? {}, rows, wanted));
      }, DRAW_MS),
    };
  }, [queries, ids]);
  useEffect(
    () => () => {
      draw.cancel();
      ask.cancel();
    },
    [draw, ask],
  );

  const state = useStream(isDone ? null : eventsUrl(flow), (event) => {
    const row = executionIn(event);
    if (!row) return ask();
    if (!ids.includes(row.id)) return;
    changed.current.push(row);
    draw();
  });
  if (isLive !== (state === 'live')) setLive(state === 'live');
  return { known: progress.data ?? {}, isDone, problem: progress.error, again: () => void progress.refetch() };
}

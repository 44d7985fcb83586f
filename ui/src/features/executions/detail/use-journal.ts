import { useMemo, useRef, useState } from 'react';
import { addressOf } from '@/api/client';
import type { Execution } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import type { SseEvent, StreamState } from '@/lib/sse';
import { RecordReader } from './changes';
import { FIRST, type JournalLine, linesOf, NOTHING_KNOWN, wholeJournal } from './journal';

/** The shortest time between two renders of new lines. */
const DRAW_MS = 100;

interface Journal {
  lines: readonly JournalLine[];
  isWhole: boolean;
  stream: StreamState;
}

/** The journal from its beginning, updated as it grows. The stream closes when the execution has ended. */
export function useJournal(execution: Execution): Journal {
  const [drawn, setDrawn] = useState<{ lines: readonly JournalLine[]; seq: number }>({ lines: [], seq: 0 });
  const reader = useRef(new RecordReader());
  const story = useRef({ lines: [] as JournalLine[], known: NOTHING_KNOWN, seq: 0 });
  const draw = useMemo(
    () => coalesce(() => setDrawn({ lines: story.current.lines, seq: story.current.seq }), DRAW_MS),
    [],
  );

  const receive = (event: SseEvent) => {
    const change = reader.current.push(event);
    if (!change || change === 'snapshot' || change.seq <= story.current.seq) return;
    const { lines, known } = linesOf(change, story.current.known);
    story.current = { lines: [...story.current.lines, ...lines], known, seq: change.seq };
    draw();
  };
  const isWhole = Math.max(FIRST, drawn.seq) >= execution.seq;
  const isOver = Boolean(execution.completed_at);
  const path = { id: execution.id };
  const url = isWhole && isOver ? null : addressOf('/studio/executions/{id}/events', { path });
  const stream = useStream(url, receive, Math.max(FIRST, drawn.seq));
  const lines = useMemo(
    () => (isWhole ? wholeJournal(drawn.lines, execution) : drawn.lines),
    [isWhole, drawn, execution],
  );
  return { lines, isWhole, stream };
}

import { useEffect, useMemo, useRef, useState } from 'react';
import { addressOf } from '@/api/client';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import type { SseEvent } from '@/lib/sse';
import { type LiveTurn, liveMessageOf, liveTurnAfter } from './live-turn';

/** The shortest time between two renders of a text. */
const DRAW_MS = 80;

/** What the model of a node writes of the turn under way, while `isOpen`. Says when a turn has ended. */
export function useLiveTurn(id: string, nodeId: string, isOpen: boolean, onTurn: () => void): LiveTurn | null {
  const latest = useRef<LiveTurn | null>(null);
  const [shown, setShown] = useState<LiveTurn | null>(null);
  const draw = useMemo(() => coalesce(() => setShown(latest.current), DRAW_MS), []);
  useEffect(() => () => draw.cancel(), [draw]);

  const receive = (event: SseEvent) => {
    const message = liveMessageOf(event);
    if (!message) return;
    latest.current = liveTurnAfter(latest.current, message);
    draw();
    if (message.event === 'turn' || message.event === 'end') onTurn();
  };
  const path = { id, node_id: nodeId };
  useStream(isOpen ? addressOf('/studio/executions/{id}/nodes/{node_id}/stream', { path }) : null, receive);
  return isOpen ? shown : null;
}

import { useEffect, useEffectEvent, useState } from 'react';
import { openStream, type SseEvent, type StreamState } from '@/lib/sse';
import { authorization } from './credentials';

/** A hidden tab closes its connection after this long: browsers allow only six per server. */
const HIDDEN_MS_MAX = 30_000;

/**
 * Listens to a stream of events while the component is mounted; `null` listens to nothing.
 *
 * `lastEventId` is where a stream starts: everything up to it is already known.
 */
export function useStream(
  url: string | null,
  onEvent: (event: SseEvent) => void,
  lastEventId?: string | number | undefined,
): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const receive = useEffectEvent(onEvent);
  const begin = useEffectEvent(() => (lastEventId === undefined ? undefined : String(lastEventId)));
  useEffect(() => {
    if (!url) return;
    let close: (() => void) | null = null;
    let hiding: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      close ??= openStream({
        url,
        headers: authorization,
        lastEventId: begin(),
        onState: setState,
        onEvent: (event) => receive(event),
      });
    };
    const shut = () => {
      close?.();
      close = null;
    };
    const turn = () => {
      clearTimeout(hiding);
      if (document.visibilityState === 'hidden') hiding = setTimeout(shut, HIDDEN_MS_MAX);
      else open();
    };
    open();
    document.addEventListener('visibilitychange', turn);
    return () => {
      document.removeEventListener('visibilitychange', turn);
      clearTimeout(hiding);
      shut();
    };
  }, [url]);
  return state;
}

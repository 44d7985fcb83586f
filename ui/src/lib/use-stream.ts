import { useEffect, useEffectEvent, useState } from 'react';
import { authorization } from '@/api/credentials';
import { openStream, type SseEvent, type StreamState } from './sse';

/** A hidden tab lets go of its connection after this long: browsers allow only six per server. */
const HIDDEN_MS_MAX = 30_000;

/** Listens to a stream of events while the component is there; `null` listens to nothing. */
export function useStream(url: string | null, onEvent: (event: SseEvent) => void): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const receive = useEffectEvent(onEvent);
  useEffect(() => {
    if (!url) return;
    let close: (() => void) | null = null;
    let hiding: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      close ??= openStream({ url, headers: authorization, onState: setState, onEvent: (event) => receive(event) });
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

import type { StreamState } from '@/lib/sse';
import { texts } from '@/lib/texts';
import classes from './live-mark.module.css';

const LOOKS = {
  live: { label: texts.live.live, tone: 'success' },
  connecting: { label: texts.live.connecting, tone: 'neutral' },
  waiting: { label: texts.live.polling, tone: 'warning' },
} as const;

/** Shows whether the page updates live. */
export function LiveMark({ state }: { state: StreamState }) {
  const look = LOOKS[state];
  return (
    <span className={classes.mark} data-tone={look.tone}>
      <span className={`${classes.dot} ${state === 'live' ? classes.pulse : ''}`} aria-hidden />
      {look.label}
    </span>
  );
}

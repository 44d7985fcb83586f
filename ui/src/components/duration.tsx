import { useNow } from '@/lib/clock';
import { formatDuration, millis } from '@/lib/time';

interface DurationProps {
  startedAt: string | null | undefined;
  /** Absent while it is in progress: then the duration counts up. */
  endedAt: string | null | undefined;
  /** The server's own figure, where there is one. */
  ms?: number | null | undefined;
}

/** How long something took, or has taken so far. */
export function Duration({ startedAt, endedAt, ms }: DurationProps) {
  const start = millis(startedAt);
  const end = millis(endedAt);
  const isRunning = start !== null && end === null && (ms === null || ms === undefined);
  const now = useNow(isRunning ? 1_000 : 0);
  if (start === null) return <span aria-hidden>–</span>;
  return (
    <span className="tabular">{formatDuration(isRunning ? floor(now - start) : (ms ?? (end ?? start) - start))}</span>
  );
}

/** Whole seconds: a running duration is updated once a second, so it has no tenths. */
function floor(ms: number): number {
  return ms < 1_000 ? ms : Math.floor(ms / 1_000) * 1_000;
}

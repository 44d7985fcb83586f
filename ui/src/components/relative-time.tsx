import { useNow } from '@/lib/clock';
import { formatMoment, formatRelative, millis } from '@/lib/time';

/** A time as `5 min ago`, with the full time in its tooltip. Keeps itself up to date. */
export function RelativeTime({ time }: { time: string | null | undefined }) {
  const then = millis(time);
  const now = useNow(then === null ? 0 : 1_000);
  if (then === null) return <span aria-hidden>–</span>;
  return (
    <time className="tabular" dateTime={time ?? undefined} title={formatMoment(then)}>
      {formatRelative(then, now)}
    </time>
  );
}

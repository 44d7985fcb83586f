import { useNow } from '@/lib/clock';
import { formatCountdown, millis } from '@/lib/time';

interface CountdownProps {
  to: string | null | undefined;
  text: (left: string) => string;
  /** Put before a duration, left out before `now`. */
  prefix?: string;
}

/** Counts down to a moment, each second. Readers are not told every tick. */
export function Countdown({ to, text, prefix = '' }: CountdownProps) {
  const due = millis(to);
  const now = useNow(due === null ? 0 : 250);
  if (due === null) return null;
  const left = formatCountdown(due - now);
  return (
    <span className="tabular" aria-live="off">
      {due > now && prefix}
      {text(left)}
    </span>
  );
}

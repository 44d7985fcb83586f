import { useNow } from '@/lib/clock';
import { formatCountdown, millis } from '@/lib/time';

interface CountdownProps {
  to: string | null | undefined;
  text: (left: string) => string;
  /** Shown when the time has come. */
  due: string;
}

/** Counts down to a time, every second. Screen readers do not announce every tick. */
export function Countdown({ to, text, due }: CountdownProps) {
  const moment = millis(to);
  const now = useNow(moment === null ? 0 : 250);
  if (moment === null) return null;
  return (
    <span className="tabular" aria-live="off">
      {moment > now ? text(formatCountdown(moment - now)) : due}
    </span>
  );
}

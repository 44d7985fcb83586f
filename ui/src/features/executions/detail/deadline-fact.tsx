import type { Execution } from '@/api/types';
import { isFinished } from '@/components/status';
import { useNow } from '@/lib/clock';
import { formatCountdown, formatDuration, formatMoment, millis } from '@/lib/time';
import classes from './detail.module.css';
import { texts } from './texts';

/** Below this the countdown is shown as a warning. */
const SHORT_MS = 30_000;

/** The time left until the deadline; after the end, whether it had passed. */
export function DeadlineFact({ execution }: { execution: Execution }) {
  const deadline = millis(execution.deadline);
  const isOver = isFinished(execution.status);
  const now = useNow(deadline !== null && !isOver ? 1_000 : 0);
  if (deadline === null) return <span className={classes.faint}>{texts.facts.noDeadline}</span>;
  const left = deadline - (isOver ? (millis(execution.completed_at) ?? now) : now);
  const tone = left <= 0 ? 'danger' : left < SHORT_MS && !isOver ? 'warning' : undefined;
  return (
    <span className={`tabular ${tone ? classes.toned : ''}`} data-tone={tone} title={formatMoment(deadline)}>
      {deadlineText(left, isOver)}
    </span>
  );
}

function deadlineText(left: number, isOver: boolean): string {
  if (left <= 0) return texts.facts.deadlinePast;
  return isOver ? texts.facts.deadlineKept(formatDuration(left)) : texts.facts.deadlineIn(formatCountdown(left));
}

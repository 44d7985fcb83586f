import { formatDuration } from '@/lib/time';
import { texts } from './texts';
import classes from './timeline.module.css';
import type { Waterfall } from './waterfall';

/** The time axis, and when the deadline is where it lies further off. */
export function TimelineHead({ waterfall: { ticks, start, end, deadline, isRunning } }: { waterfall: Waterfall }) {
  const length = end - start;
  const isFar = isRunning && deadline !== null && !deadline.isShown;
  const shown = deadline?.isShown ? (deadline.at - start) / length : null;
  return (
    <div className={classes.head} aria-hidden>
      <span className={classes.headName}>{texts.waterfall.node}</span>
      <svg className={classes.axis} width="100%" height="28" role="presentation">
        {ticks
          .filter((tick) => !isTaken(tick.at / length, shown, isFar))
          .map((tick, at) => (
            <text
              key={tick.at}
              x={`${(tick.at / length) * 100}%`}
              y="18"
              className={classes.tick}
              textAnchor={at === 0 ? 'start' : 'middle'}
            >
              {tick.label}
            </text>
          ))}
        {shown !== null && (
          <text x={`${shown * 100}%`} y="18" className={classes.deadlineText} textAnchor={anchorOf(shown)}>
            {texts.waterfall.deadline}
          </text>
        )}
        {isFar && (
          <text x="100%" y="18" className={classes.deadlineText} textAnchor="end">
            {texts.waterfall.deadlineAt(formatDuration(deadline.at - start))}
          </text>
        )}
      </svg>
      <span className={classes.headTook} />
    </div>
  );
}

/** The word lies before a deadline in the right half, behind one in the left half. */
function anchorOf(place: number): 'start' | 'end' {
  return place > 0.5 ? 'end' : 'start';
}

/** Whether the mark at `place`, from 0 to 1, would lie under what is said of the deadline. */
function isTaken(place: number, deadline: number | null, isFar: boolean): boolean {
  if (isFar) return place > 0.58;
  if (deadline === null) return false;
  const [before, after] = anchorOf(deadline) === 'end' ? [0.24, 0.05] : [0.05, 0.24];
  return place > deadline - before && place < deadline + after;
}

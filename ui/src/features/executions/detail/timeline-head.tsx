import { formatDuration } from '@/lib/time';
import { texts } from './texts';
import classes from './timeline.module.css';
import type { Waterfall } from './waterfall';

/** The time axis, and when the deadline is where it lies further off. */
export function TimelineHead({ waterfall: { ticks, start, end, deadline, isRunning } }: { waterfall: Waterfall }) {
  const length = end - start;
  const isFar = isRunning && deadline !== null && !deadline.isShown;
  const room = isFar ? length * 0.58 : length;
  return (
    <div className={classes.head} aria-hidden>
      <span className={classes.headName}>{texts.waterfall.node}</span>
      <svg className={classes.axis} width="100%" height="28" role="presentation">
        {ticks
          .filter((tick) => tick.at < room)
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
        {deadline?.isShown && (
          <text
            x={`${((deadline.at - start) / length) * 100}%`}
            y="9"
            className={classes.deadlineText}
            textAnchor={deadline.at - start > length / 2 ? 'end' : 'start'}
          >
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

import { formatDuration } from '@/lib/time';
import { texts } from './texts';
import classes from './timeline.module.css';
import type { Waterfall } from './waterfall';

/** Behind the rows: outages of the server, the grid, the current time and the deadline. Also defines the patterns of the bars. */
export function TimelineLines({ waterfall }: { waterfall: Waterfall }) {
  const { outages, ticks, start, end, now, isRunning, deadline } = waterfall;
  const place = (moment: number) => `${((moment - start) / (end - start)) * 100}%`;
  return (
    <div className={classes.lines} aria-hidden>
      <svg className={classes.linesChart} width="100%" height="100%" role="presentation">
        <Patterns />
        {outages.map(({ from, to }) => (
          <rect
            key={to}
            x={place(from)}
            width={place(start + to - from)}
            y="0"
            height="100%"
            className={classes.outage}
          >
            <title>{texts.recovery.outage(formatDuration(to - from))}</title>
          </rect>
        ))}
        {ticks.map((tick) => (
          <line
            key={tick.at}
            x1={place(start + tick.at)}
            x2={place(start + tick.at)}
            y1="0"
            y2="100%"
            className={classes.grid}
          />
        ))}
        {isRunning && <line x1={place(now)} x2={place(now)} y1="0" y2="100%" className={classes.now} />}
        {deadline?.isShown && (
          <line x1={place(deadline.at)} x2={place(deadline.at)} y1="0" y2="100%" className={classes.deadline}>
            <title>{`${texts.waterfall.deadline} ${formatDuration(deadline.at - start)}`}</title>
          </line>
        )}
      </svg>
    </div>
  );
}

/** Patterns repeat what colours say: a backoff is hatched, a wait dotted, a running attempt striped, a stopped one hollow. */
function Patterns() {
  return (
    <defs>
      <pattern id="timeline-gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" className={classes.gapBack} />
        <rect width="2" height="6" className={classes.gapFront} />
      </pattern>
      <pattern id="timeline-wait" width="5" height="5" patternUnits="userSpaceOnUse">
        <rect width="5" height="5" className={classes.waitBack} />
        <circle cx="2.5" cy="2.5" r="1" className={classes.waitFront} />
      </pattern>
      <pattern id="timeline-run" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect width="10" height="10" className={classes.runBack} />
        <rect width="4" height="10" className={classes.runFront} />
      </pattern>
    </defs>
  );
}

import classes from './outcomes.module.css';
import { type Mix, OUTCOMES, percent } from './shape';
import { texts } from './texts';

/** How those of one flow or node ended, as parts of a bar. */
export function MixBar({ mix }: { mix: Mix }) {
  const parts = OUTCOMES.filter((outcome) => mix.counts[outcome] > 0);
  const told = parts.map((outcome) => `${texts.time.series[outcome]} ${percent(mix.counts[outcome], mix.total)}`);
  return (
    <div className={classes.mix} role="img" aria-label={told.join(', ') || texts.time.nothing} title={told.join(', ')}>
      {parts.map((outcome) => (
        <span
          key={outcome}
          className={classes.fill}
          data-outcome={outcome}
          style={{ width: `${(100 * mix.counts[outcome]) / mix.total}%` }}
        />
      ))}
    </div>
  );
}

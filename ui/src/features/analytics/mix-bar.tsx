import classes from './outcomes.module.css';
import { type Mix, OUTCOMES, percent } from './shape';
import { texts } from './texts';

/** The outcomes of one flow or node, as parts of a bar. */
export function MixBar({ mix }: { mix: Mix }) {
  const parts = OUTCOMES.filter((outcome) => mix.counts[outcome] > 0);
  const label = parts.map((outcome) => `${texts.time.series[outcome]} ${percent(mix.counts[outcome], mix.total)}`);
  return (
    <div
      className={classes.mix}
      role="img"
      aria-label={label.join(', ') || texts.time.nothing}
      title={label.join(', ')}
    >
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

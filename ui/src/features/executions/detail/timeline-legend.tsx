import type { BarKind } from './bars';
import { texts } from './texts';
import classes from './timeline.module.css';
import type { WaterfallRow } from './waterfall';

const KINDS: readonly BarKind[] = ['ok', 'bad', 'run', 'cut', 'gap', 'wait'];

/** The legend of the bars that the timeline has. */
export function TimelineLegend({ rows }: { rows: readonly WaterfallRow[] }) {
  const there = new Set(rows.flatMap((row) => row.bars.map((bar) => bar.kind)));
  return (
    <ul className={classes.legend}>
      {KINDS.filter((kind) => there.has(kind)).map((kind) => (
        <li key={kind} className={classes.legendItem}>
          <svg width="18" height="10" aria-hidden role="presentation" className={classes[kind]}>
            <rect
              x="0.5"
              y={kind === 'gap' || kind === 'wait' ? 1.5 : 0.5}
              width="17"
              height={kind === 'gap' || kind === 'wait' ? 7 : 9}
              rx="2.5"
              className={classes.shape}
            />
          </svg>
          {texts.waterfall.legend[kind]}
        </li>
      ))}
    </ul>
  );
}

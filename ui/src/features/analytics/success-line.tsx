import chart from './chart.module.css';
import { type Bar, successOf } from './shape';
import { texts } from './texts';

interface SuccessLineProps {
  bars: readonly Bar[];
  active: number | null;
  onActive: (at: number) => void;
}

/** The success rate: a dot per bar with finished executions, joined where bars are adjacent. */
export function SuccessLine({ bars, active, onActive }: SuccessLineProps) {
  const rates = bars.map(successOf);
  return (
    <div className={chart.success} aria-hidden>
      <span className={chart.successName}>{texts.time.success}</span>
      <div className={chart.line} style={{ bottom: '100%' }}>
        <span className={chart.tick}>{texts.time.all}</span>
      </div>
      <div className={chart.line} style={{ bottom: 0 }}>
        <span className={chart.tick}>{texts.time.none}</span>
      </div>
      <svg className={chart.successLine} viewBox={`0 0 ${bars.length} 1`} preserveAspectRatio="none" aria-hidden="true">
        <path d={pathOf(rates)} vectorEffect="non-scaling-stroke" />
      </svg>
      <div className={chart.bars}>
        {bars.map(({ start }, at) => (
          <div
            key={start}
            className={chart.lane}
            data-active={at === active || undefined}
            onPointerEnter={() => onActive(at)}
          >
            <Dot rate={rates[at] ?? null} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Dot({ rate }: { rate: number | null }) {
  return rate === null ? null : <span className={chart.dot} style={{ bottom: `${100 * rate}%` }} />;
}

/** Returns a line through the centres of bars; it breaks at bars without finished executions. */
function pathOf(rates: readonly (number | null)[]): string {
  return rates
    .flatMap((rate, at) =>
      rate === null ? [] : `${(rates[at - 1] ?? null) === null ? 'M' : 'L'}${at + 0.5} ${1 - rate}`,
    )
    .join(' ');
}

import { formatNumber } from '@/lib/locale';
import chart from './chart.module.css';
import { type Bar, OUTCOMES, percent } from './shape';
import { Swatch } from './swatch';
import { texts } from './texts';

interface ChartTipProps {
  bar: Bar;
  label: string;
  /** The centre of its bar, in percent of the width. */
  place: number;
}

/** The numbers of one bar. Placed on the side with more room; announced when it changes. */
export function ChartTip({ bar, label, place }: ChartTipProps) {
  const side = place < 50 ? { left: `calc(${place}% + 14px)` } : { right: `calc(${100 - place}% + 14px)` };
  return (
    <div className={chart.tip} role="status" style={side}>
      <strong>{label}</strong>
      {bar.total === 0 ? (
        <span className={chart.tipNone}>{texts.time.nothing}</span>
      ) : (
        <dl>
          {OUTCOMES.filter((outcome) => bar.counts[outcome] > 0).map((outcome) => (
            <div key={outcome}>
              <dt>
                <Swatch outcome={outcome} />
                {texts.time.series[outcome]}
              </dt>
              <dd>{formatNumber(bar.counts[outcome])}</dd>
            </div>
          ))}
          <div className={chart.tipSum}>
            <dt>{texts.time.ended}</dt>
            <dd>{formatNumber(bar.total)}</dd>
          </div>
          <div>
            <dt>{texts.time.success}</dt>
            <dd>{percent(bar.counts.first_try + bar.counts.recovered, bar.total)}</dd>
          </div>
        </dl>
      )}
    </div>
  );
}

import { formatNumber } from '@/lib/locale';
import { BarChart } from './bar-chart';
import chart from './chart.module.css';
import { ChartTip } from './chart-tip';
import classes from './outcomes.module.css';
import { type Bar, OUTCOMES } from './shape';
import { axisLabels, type Span, startLabel, stepName } from './span';
import { SuccessLine } from './success-line';
import { Swatch } from './swatch';
import { texts } from './texts';
import { ticksUpTo } from './ticks';

interface OutcomeChartProps {
  bars: readonly Bar[];
  span: Span;
}

/** Outcomes over time as stacked bars, with the success rate below. */
export function OutcomeChart({ bars, span }: OutcomeChartProps) {
  const shown = OUTCOMES.filter((outcome) => bars.some((bar) => bar.counts[outcome] > 0));
  return (
    <>
      <BarChart
        label={texts.time.chart(stepName(span))}
        starts={bars.map(({ start }) => start)}
        ticks={ticksUpTo(Math.max(...bars.map((bar) => bar.total)))}
        tickText={(tick) => formatNumber(tick)}
        axis={axisLabels(span)}
        parts={(at, height) =>
          [...shown]
            .reverse()
            .map((outcome) => (
              <span
                key={outcome}
                className={`${chart.part} ${classes.fill}`}
                data-outcome={outcome}
                hidden={!bars[at]?.counts[outcome]}
                style={{ height: height(bars[at]?.counts[outcome] ?? 0) }}
              />
            ))
        }
        tip={(at, place) => {
          const bar = bars[at];
          return bar && <ChartTip bar={bar} label={startLabel(bar.start, span)} place={place} />;
        }}
      >
        {(active, onActive) => <SuccessLine bars={bars} active={active} onActive={onActive} />}
      </BarChart>
      <ul className={chart.legend}>
        {shown.map((outcome) => (
          <li key={outcome}>
            <Swatch outcome={outcome} />
            {texts.time.series[outcome]}
          </li>
        ))}
      </ul>
    </>
  );
}

import { costText } from '@/components/usage-text';
import { formatNumber } from '@/lib/locale';
import { formatUtcDay } from '@/lib/time';
import { BarChart } from './bar-chart';
import chartClasses from './chart.module.css';
import { type Bar, type Chart, type Measure, marksUpTo, type Series } from './cost-shape';
import { texts } from './cost-texts';
import classes from './costs.module.css';

interface DayChartProps {
  chart: Chart;
  currency: string | null;
  measure: Measure;
}

/** Costs by day as stacked bars, a part for each model. */
export function DayChart({ chart, currency, measure }: DayChartProps) {
  const { series, bars } = chart;
  const value = (amount: number) => valueText(amount, currency, measure);
  const lastLabel = (bars.length - 1) % 5;
  const axis = bars.flatMap(({ start }, at) => (at % 5 === lastLabel ? [{ at, text: formatUtcDay(start) }] : []));
  return (
    <>
      <BarChart
        label={texts.days.chart(measure)}
        starts={bars.map(({ start }) => start)}
        ticks={marksUpTo(Math.max(...bars.map(({ total }) => total)))}
        tickText={(tick) => formatNumber(tick, { notation: 'compact', maximumSignificantDigits: 3 })}
        axis={axis}
        parts={(at, height) =>
          series
            .map((model, place) => (
              <span
                key={nameOf(model)}
                className={`${chartClasses.part} ${classes.fill}`}
                data-series={model === null ? 'others' : place}
                hidden={!bars[at]?.values[place]}
                style={{ height: height(bars[at]?.values[place] ?? 0) }}
              />
            ))
            .reverse()
        }
        tip={(at, place) => {
          const bar = bars[at];
          return bar && <Tip bar={bar} series={series} value={value} place={place} />;
        }}
      />
      <ul className={chartClasses.legend}>
        {series.map((model, place) => (
          <li key={nameOf(model)}>
            <Swatch model={model} place={place} />
            {nameOf(model)}
          </li>
        ))}
      </ul>
    </>
  );
}

interface TipProps {
  bar: Bar;
  series: readonly Series[];
  value: (amount: number) => string;
  place: number;
}

function Tip({ bar, series, value, place }: TipProps) {
  const side = place < 50 ? { left: `calc(${place}% + 14px)` } : { right: `calc(${100 - place}% + 14px)` };
  return (
    <div className={chartClasses.tip} role="status" style={side}>
      <strong>{formatUtcDay(bar.start)}</strong>
      {bar.total === 0 ? (
        <span className={chartClasses.tipNone}>{texts.days.nothing}</span>
      ) : (
        <dl>
          {series.map((model, at) =>
            bar.values[at] ? (
              <div key={nameOf(model)}>
                <dt>
                  <Swatch model={model} place={at} />
                  {nameOf(model)}
                </dt>
                <dd>{value(bar.values[at] ?? 0)}</dd>
              </div>
            ) : null,
          )}
          <div className={chartClasses.tipSum}>
            <dt>{texts.days.total}</dt>
            <dd>{value(bar.total)}</dd>
          </div>
        </dl>
      )}
    </div>
  );
}

function Swatch({ model, place }: { model: Series; place: number }) {
  return (
    <span className={`${classes.swatch} ${classes.fill}`} data-series={model === null ? 'others' : place} aria-hidden />
  );
}

/** The name of a model for people. */
export function nameOf(model: Series): string {
  return model ?? texts.days.others;
}

/** A cost or a number of tokens. */
export function valueText(amount: number, currency: string | null, measure: Measure): string {
  return measure === 'cost' ? (costText(amount, currency) ?? '0') : formatNumber(amount);
}

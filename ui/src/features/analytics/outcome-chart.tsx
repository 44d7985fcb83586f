import { type KeyboardEvent, useState } from 'react';
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

/** Outcomes over time as stacked bars, with the success rate below. One bar at a time shows its numbers. */
export function OutcomeChart({ bars, span }: OutcomeChartProps) {
  const [active, setActive] = useState<number | null>(null);
  const ticks = ticksUpTo(Math.max(...bars.map((bar) => bar.total)));
  const top = ticks.at(-1) ?? 1;
  const shown = OUTCOMES.filter((outcome) => bars.some((bar) => bar.counts[outcome] > 0));
  const bar = active === null ? undefined : bars[active];
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') setActive(null);
    if (!step) return;
    event.preventDefault();
    setActive((at) => Math.min(bars.length - 1, Math.max(0, (at ?? bars.length) + step)));
  };
  return (
    <>
      <div
        className={chart.frame}
        role="group"
        aria-label={texts.time.chart(stepName(span))}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards move from bar to bar within it.
        tabIndex={0}
        onKeyDown={move}
        onFocus={() => setActive((at) => at ?? bars.length - 1)}
        onBlur={() => setActive(null)}
        onPointerLeave={() => setActive(null)}
      >
        <div className={chart.plot}>
          {ticks.map((tick) => (
            <div key={tick} className={chart.line} style={{ bottom: `${(100 * tick) / top}%` }}>
              <span className={chart.tick}>{tick.toLocaleString('en')}</span>
            </div>
          ))}
          <div className={chart.bars}>
            {bars.map((one, at) => (
              <div
                key={one.start}
                className={chart.lane}
                data-active={at === active || undefined}
                onPointerEnter={() => setActive(at)}
                onPointerDown={() => setActive(at)}
              >
                {[...shown].reverse().map((outcome) => (
                  <span
                    key={outcome}
                    className={`${chart.part} ${classes.fill}`}
                    data-outcome={outcome}
                    hidden={one.counts[outcome] === 0}
                    style={{ height: `${(100 * one.counts[outcome]) / top}%` }}
                  />
                ))}
              </div>
            ))}
          </div>
          {bar && <ChartTip bar={bar} label={startLabel(bar.start, span)} place={placeOf(active ?? 0, bars.length)} />}
        </div>
        <SuccessLine bars={bars} active={active} onActive={setActive} />
        <Axis span={span} />
      </div>
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

function Axis({ span }: { span: Span }) {
  return (
    <div className={chart.axis} aria-hidden>
      {axisLabels(span).map(({ at, text }) => (
        <span key={text} style={{ left: `${placeOf(at, span.count)}%` }} data-last={at > span.count - 3 || undefined}>
          {text}
        </span>
      ))}
    </div>
  );
}

/** The centre of a bar, in percent of the width. */
function placeOf(at: number, count: number): number {
  return (100 * (at + 0.5)) / count;
}

import { type KeyboardEvent, type ReactNode, useState } from 'react';
import chart from './chart.module.css';
import type { AxisLabel } from './span';

interface BarChartProps {
  /** What it shows and how it is read, for people who do not see it. */
  label: string;
  /** When each bar starts, in milliseconds. */
  starts: readonly number[];
  /** The marks of the axis, from zero. */
  ticks: readonly number[];
  tickText: (tick: number) => string;
  axis: readonly AxisLabel[];
  /** The parts of a bar, the highest first. `height` is that of a value in percent. */
  parts: (at: number, height: (value: number) => string) => ReactNode;
  /** The numbers of the active bar, whose centre is in percent of the width. */
  tip: (at: number, place: number) => ReactNode;
  /** Between the bars and the axis. */
  children?: (active: number | null, onActive: (at: number | null) => void) => ReactNode;
}

/** Bars over time. One at a time shows its numbers: the one under the pointer, or the one that the arrow keys reach. */
export function BarChart({ label, starts, ticks, tickText, axis, parts, tip, children }: BarChartProps) {
  const [active, setActive] = useState<number | null>(null);
  const top = ticks.at(-1) ?? 1;
  const height = (value: number) => `${(100 * value) / top}%`;
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') setActive(null);
    if (!step) return;
    event.preventDefault();
    setActive((at) => Math.min(starts.length - 1, Math.max(0, (at ?? starts.length) + step)));
  };
  return (
    <div
      className={chart.frame}
      role="group"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards move from bar to bar within it.
      tabIndex={0}
      onKeyDown={move}
      onFocus={() => setActive((at) => at ?? starts.length - 1)}
      onBlur={() => setActive(null)}
      onPointerLeave={() => setActive(null)}
    >
      <div className={chart.plot}>
        {ticks.map((tick) => (
          <div key={tick} className={chart.line} style={{ bottom: height(tick) }}>
            <span className={chart.tick}>{tickText(tick)}</span>
          </div>
        ))}
        <div className={chart.bars}>
          {starts.map((start, at) => (
            <div
              key={start}
              className={chart.lane}
              data-active={at === active || undefined}
              onPointerEnter={() => setActive(at)}
              onPointerDown={() => setActive(at)}
            >
              {parts(at, height)}
            </div>
          ))}
        </div>
        {active !== null && active < starts.length && tip(active, placeOf(active, starts.length))}
      </div>
      {children?.(active, setActive)}
      <Axis labels={axis} count={starts.length} />
    </div>
  );
}

function Axis({ labels, count }: { labels: readonly AxisLabel[]; count: number }) {
  return (
    <div className={chart.axis} aria-hidden>
      {labels.map(({ at, text }) => (
        <span key={text} style={{ left: `${placeOf(at, count)}%` }} data-last={at > count - 3 || undefined}>
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

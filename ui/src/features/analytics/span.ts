/** The time span of a report, and its steps. All functions are pure. */

import { dateTimeFormat } from '@/lib/locale';
import { formatMinute, formatUtcDay } from '@/lib/time';
import { texts } from './texts';

/** The server counts by the hour, so shorter periods are not possible. */
export const SPAN_PERIODS = ['24h', '7d', '30d'] as const;
export type SpanPeriod = (typeof SPAN_PERIODS)[number];

export interface Span {
  /** The start of the first bar, in milliseconds; a multiple of `step`. */
  from: number;
  /** The length of each bar, in milliseconds. */
  step: number;
  /** The number of bars; the last one is still in progress. */
  count: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const CUTS: Record<SpanPeriod, Pick<Span, 'step' | 'count'>> = {
  '24h': { step: HOUR, count: 24 },
  '7d': { step: 6 * HOUR, count: 28 },
  '30d': { step: DAY, count: 30 },
};

export function spanOf(period: SpanPeriod, now: number): Span {
  const { step, count } = CUTS[period];
  return { from: Math.floor(now / step) * step - (count - 1) * step, step, count };
}

/** The request for the API, which counts by hours or days; hours are combined here. */
export function bucketOf({ step }: Span): 'hour' | 'day' {
  return step >= DAY ? 'day' : 'hour';
}

/** Reads as `hour`, `6 hours`, `day (UTC)`. */
export function stepName({ step }: Span): string {
  const { steps } = texts.time;
  if (step >= DAY) return steps.day;
  return step === HOUR ? steps.hour : steps.hours(step / HOUR);
}

/** Returns the start of a bar: `24 Nov, 14:00`, or its day. */
export function startLabel(start: number, { step }: Span): string {
  return step >= DAY ? formatUtcDay(start) : formatMinute(start);
}

export interface AxisLabel {
  /** The bar that it is under. */
  at: number;
  text: string;
}

/** Every sixth local hour, every day, or every fifth day: few enough for a phone. */
export function axisLabels(span: Span): AxisLabel[] {
  const starts = Array.from({ length: span.count }, (_, at) => ({ at, start: span.from + at * span.step }));
  return starts.flatMap(({ at, start }) => {
    const text = axisLabel(start, at, span);
    return text ? [{ at, text }] : [];
  });
}

function axisLabel(start: number, at: number, span: Span): string | null {
  if (span.step >= DAY) return (span.count - 1 - at) % 5 === 0 ? formatUtcDay(start) : null;
  const date = new Date(start);
  const hours = date.getHours();
  if (hours < span.step / HOUR) return dayFormat.format(date);
  return span.step === HOUR && hours % 6 === 0 ? hourFormat.format(date) : null;
}

const dayFormat = dateTimeFormat({ day: 'numeric', month: 'short' });
const hourFormat = dateTimeFormat({ hour: '2-digit', minute: '2-digit' });

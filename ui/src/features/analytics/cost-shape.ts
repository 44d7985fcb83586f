/** The shapes of the report. All functions are pure. */
import type { CostAnalytics, CostCounts } from '@/api/reports';

export const DAY_PERIODS = ['7d', '30d'] as const;
export type DayPeriod = (typeof DAY_PERIODS)[number];

export const DAY = 86_400_000;
const DAYS: Record<DayPeriod, number> = { '7d': 7, '30d': 30 };
/** Models with a colour of their own; the others share one. */
const SERIES_MAX = 5;

export interface Days {
  /** The start of the first day in UTC, in milliseconds. */
  from: number;
  /** The last one is today. */
  count: number;
}

export function daysOf(period: DayPeriod, now: number): Days {
  const count = DAYS[period];
  return { from: Math.floor(now / DAY) * DAY - (count - 1) * DAY, count };
}

/** What the bars show: costs, or tokens where there are no prices. */
export type Measure = 'cost' | 'tokens';

export function measureOf(totals: CostCounts): Measure {
  return totals.cost ? 'cost' : 'tokens';
}

/** A model of the chart; `null` for all others. */
export type Series = string | null;

export interface Bar {
  /** In milliseconds. */
  start: number;
  /** The values, in the order of the series. */
  values: readonly number[];
  total: number;
}

export interface Chart {
  series: readonly Series[];
  bars: readonly Bar[];
}

/** Returns a bar for each day, with the costs in one currency, by model: most expensive first, then all others. */
export function chartOf(analytics: CostAnalytics, currency: string | null, measure: Measure, days: Days): Chart {
  const own = analytics.days.filter((row) => row.currency === currency);
  const named = analytics.models.filter((row) => row.currency === currency).flatMap(({ model }) => model ?? []);
  const shown = named.slice(0, SERIES_MAX).filter((model) => own.some((row) => row.model === model));
  const hasOthers = own.some(({ model }) => model === null || !shown.includes(model));
  const series = hasOthers ? [...shown, null] : shown;
  const bars = Array.from({ length: days.count }, (_, at) => {
    const start = days.from + at * DAY;
    const values = series.map(() => 0);
    for (const row of own.filter((one) => Date.parse(one.start) === start)) {
      const place = row.model === null ? -1 : shown.indexOf(row.model);
      const slot = place < 0 ? shown.length : place;
      values[slot] = (values[slot] ?? 0) + amountOf(row, measure);
    }
    return { start, values, total: values.reduce((sum, value) => sum + value, 0) };
  });
  return { series, bars };
}

function amountOf(counts: CostCounts, measure: Measure): number {
  return measure === 'cost' ? (counts.cost ?? 0) : tokensOf(counts);
}

export function tokensOf({ input_tokens, output_tokens }: CostCounts): number {
  return input_tokens + output_tokens;
}

/** Returns the marks of an axis: two to four round numbers from zero to at least `most`, which may be a fraction. */
export function marksUpTo(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(most / 3));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size * 3 >= most) ?? most;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(6)));
}

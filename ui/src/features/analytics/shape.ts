/** What the numbers are drawn as. All functions are pure. */
import type { RetryAnalytics, RetryCounts } from '@/api/reports';
import type { Span } from './span';

/** Outcomes in the order in which they are stacked: good ones below. */
export const OUTCOMES = ['first_try', 'recovered', 'exhausted', 'timed_out', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How a stretch of time, a flow or a node went. */
export interface Mix {
  counts: Record<Outcome, number>;
  total: number;
}

export interface Bar extends Mix {
  /** In milliseconds. */
  start: number;
}

const NONE: Record<Outcome, number> = { first_try: 0, recovered: 0, exhausted: 0, timed_out: 0, cancelled: 0 };

export function mixOf(counts: RetryCounts): Mix {
  const picked = { ...NONE };
  for (const outcome of OUTCOMES) picked[outcome] = counts[outcome];
  return { counts: picked, total: totalOf(picked) };
}

/** Returns a bar for each step of the span, with all that the server counted within it; where it has none, an empty one. */
export function barsOf(buckets: RetryAnalytics['buckets'], span: Span): Bar[] {
  const bars = Array.from({ length: span.count }, (_, at) => ({
    start: span.from + at * span.step,
    counts: { ...NONE },
    total: 0,
  }));
  for (const bucket of buckets) {
    const bar = bars[Math.floor((Date.parse(bucket.start) - span.from) / span.step)];
    if (!bar) continue;
    for (const outcome of OUTCOMES) bar.counts[outcome] += bucket[outcome];
    bar.total = totalOf(bar.counts);
  }
  return bars;
}

function totalOf(counts: Record<Outcome, number>): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** How many of those that ended completed, from 0 to 1; `null` where none ended. */
export function successOf({ counts, total }: Mix): number | null {
  return total === 0 ? null : (counts.first_try + counts.recovered) / total;
}

/** A share as people read it: `57%`, `2.4%`, `< 0.1%`, `99.9%`; `–` of nothing. Never all or nothing where it is not. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  if (share === 0 || share === 100) return `${share}%`;
  if (share < 0.1) return '< 0.1%';
  if (share < 10) return `${Number(share.toFixed(1))}%`;
  if (share > 99) return `${Math.floor(share * 10) / 10}%`;
  return `${Math.round(share)}%`;
}

/** The shapes of the charts. All functions are pure. */

import type { RetryAnalytics, RetryCounts } from '@/api/reports';
import { formatPercent } from '@/lib/locale';
import type { Span } from './span';

/** Outcomes in stacking order: successes at the bottom. */
export const OUTCOMES = ['first_try', 'recovered', 'exhausted', 'timed_out', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The outcomes of a time span, a flow or a node. */
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

/** Returns a bar for each step of the span, with the server's counts within it; an empty bar where there are none. */
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

/** Returns the share of finished executions that completed, from 0 to 1; `null` if none finished. */
export function successOf({ counts, total }: Mix): number | null {
  return total === 0 ? null : (counts.first_try + counts.recovered) / total;
}

/** Formats a share: `57%`, `2.4%`, `< 0.1%`, `99.9%`, `–` for none. Never rounds to 0% or 100%. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  if (share === 0 || share === 100) return formatPercent(share);
  if (share < 0.1) return `< ${formatPercent(0.1)}`;
  if (share < 10) return formatPercent(share);
  if (share > 99) return formatPercent(Math.floor(share * 10) / 10);
  return formatPercent(Math.round(share));
}

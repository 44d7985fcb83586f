/** What the numbers are drawn as. */
import type { RetryAnalytics } from '@/api/reports';
import type { Period } from '@/lib/periods';

/** Outcomes in the order in which they are stacked: good ones below. */
export const OUTCOMES = ['first_try', 'recovered', 'exhausted', 'timed_out', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Bar {
  start: string;
  counts: Record<Outcome, number>;
  total: number;
}

/** Buckets are hours up to a day, then days. */
export function bucketOf(period: Period): 'hour' | 'day' {
  return period === '1h' || period === '24h' ? 'hour' : 'day';
}

/** Returns a bar for each bucket from the first to the last, empty ones between them too. */
export function barsOf({ buckets }: RetryAnalytics, bucket: 'hour' | 'day'): Bar[] {
  const byStart = new Map(buckets.map((one) => [Date.parse(one.start), one]));
  const starts = [...byStart.keys()];
  if (starts.length === 0) return [];
  const step = bucket === 'hour' ? 3_600_000 : 86_400_000;
  const bars: Bar[] = [];
  for (let start = Math.min(...starts); start <= Math.max(...starts); start += step) {
    const one = byStart.get(start);
    const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, one?.[outcome] ?? 0]));
    bars.push({
      start: new Date(start).toISOString(),
      counts: counts as Record<Outcome, number>,
      total: OUTCOMES.reduce((sum, outcome) => sum + (one?.[outcome] ?? 0), 0),
    });
  }
  return bars;
}

/** A share as people read it: `97.5 %`, `< 0.1 %`; `–` of nothing. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.1) return '< 0.1 %';
  if (share > 99.9 && share < 100) return '> 99.9 %';
  return `${Number(share.toFixed(1))} %`;
}

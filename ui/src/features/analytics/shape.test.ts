import { expect, test } from 'vitest';
import type { RetryAnalytics } from '@/api/reports';
import { barsOf, bucketOf, percent } from './shape';

const bucket = (start: string, first_try: number, exhausted = 0) => ({ start, first_try, exhausted });

test('hours in which nothing ended have an empty bar', () => {
  const buckets = [bucket('2026-11-24T10:00:00Z', 3, 1), bucket('2026-11-24T12:00:00Z', 2)];

  const bars = barsOf({ buckets } as unknown as RetryAnalytics, 'hour');

  expect(bars.map((bar) => bar.total)).toEqual([4, 0, 2]);
  expect(bars[0]?.counts).toMatchObject({ first_try: 3, exhausted: 1, recovered: 0 });
});

test('a day is shown by hours, more by days', () => {
  expect((['1h', '24h', '7d', '30d'] as const).map(bucketOf)).toEqual(['hour', 'hour', 'day', 'day']);
});

test('a share never rounds to all or nothing', () => {
  expect([percent(1, 10_000), percent(9_999, 10_000), percent(1, 4), percent(4, 4), percent(0, 0)]).toEqual([
    '< 0.1 %',
    '> 99.9 %',
    '25 %',
    '100 %',
    '–',
  ]);
});

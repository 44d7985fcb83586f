import { expect, test } from 'vitest';
import type { RetryAnalytics } from '@/api/reports';
import { barsOf, percent, successOf } from './shape';
import { spanOf } from './span';

const now = Date.parse('2026-11-24T14:37:00Z');
const bucket = (start: string, counts: object) => ({
  start,
  first_try: 0,
  recovered: 0,
  exhausted: 0,
  timed_out: 0,
  cancelled: 0,
  ...counts,
});
const buckets = (...all: object[]) => all as unknown as RetryAnalytics['buckets'];

test('the bars cover the whole period, also where nothing finished', () => {
  const bars = barsOf(buckets(bucket('2026-11-24T12:00:00Z', { first_try: 3, exhausted: 1 })), spanOf('24h', now));

  expect(bars).toHaveLength(24);
  expect(bars.map(({ total }) => total)).toEqual([...Array(21).fill(0), 4, 0, 0]);
  expect(bars[21]?.counts).toMatchObject({ first_try: 3, exhausted: 1, recovered: 0 });
});

test('hours are combined in longer bars, and none is lost', () => {
  const all = buckets(
    bucket('2026-11-24T11:00:00Z', { first_try: 1 }),
    bucket('2026-11-24T12:00:00Z', { recovered: 2 }),
    bucket('2026-11-24T14:00:00Z', { timed_out: 4 }),
  );

  const bars = barsOf(all, spanOf('7d', now)).filter(({ total }) => total > 0);

  expect(bars.map(({ start, total }) => [new Date(start).toISOString().slice(11, 16), total])).toEqual([
    ['06:00', 1],
    ['12:00', 6],
  ]);
});

test('counts outside the period are left out', () => {
  const bars = barsOf(buckets(bucket('2026-11-20T12:00:00Z', { first_try: 3 })), spanOf('24h', now));

  expect(bars.every(({ total }) => total === 0)).toBe(true);
});

test('there is no success rate if nothing finished', () => {
  const [bar] = barsOf(buckets(bucket('2026-11-23T15:00:00Z', { recovered: 1, exhausted: 3 })), spanOf('24h', now));

  expect(bar && successOf(bar)).toBe(0.25);
  expect(successOf({ counts: { ...bar?.counts } as never, total: 0 })).toBeNull();
});

test('a share has few digits and never rounds to 0% or 100%', () => {
  const shares = [percent(1, 10_000), percent(9_999, 10_000), percent(1, 41), percent(57, 100), percent(4, 4)];

  expect(shares).toEqual(['< 0.1%', '99.9%', '2.4%', '57%', '100%']);
  expect([percent(0, 9), percent(0, 0)]).toEqual(['0%', '–']);
});

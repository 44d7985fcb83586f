import { expect, test } from 'vitest';
import type { RetryCounts } from '@/api/reports';
import { dayIn } from '@/lib/search-params';
import {
  changeText,
  comparedRetries,
  comparedTimes,
  comparedVersions,
  dayOf,
  lengthsText,
  otherPeriod,
} from './compare';

const NAMES = [
  'executions',
  'completed',
  'failed',
  'cancelled',
  'first_try',
  'recovered',
  'exhausted',
  'timed_out',
  'attempts',
  'failed_attempts',
  'failed_attempts_ms',
  'backoff_ms',
  'tokens_lost',
  'duration_ms',
  'manual_retries',
  'manual_retries_completed',
  'manual_retries_failed',
  'manual_retries_cancelled',
] as const;
const NOTHING: RetryCounts = {
  ...(Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<(typeof NAMES)[number], number>),
  success_rate: null,
  first_try_rate: null,
};
const WEEK = { from: Date.parse('2026-11-10T06:00:00Z'), to: Date.parse('2026-11-17T06:00:00Z') };

test('the other period is that before, or one of the same length from a day on', () => {
  const before = otherPeriod(WEEK, {});
  const chosen = otherPeriod(WEEK, { compare: '2026-09-01' });

  expect(new Date(before.from).toISOString()).toBe('2026-11-03T06:00:00.000Z');
  expect(before.to).toBe(WEEK.from);
  expect(new Date(chosen.from).toISOString()).toBe('2026-09-01T00:00:00.000Z');
  expect(chosen.to - chosen.from).toBe(WEEK.to - WEEK.from);
  expect(dayOf(before.from)).toBe('2026-11-03');
  expect(dayIn({ compare: '2026-09-01' }, 'compare')).toBe('2026-09-01');
  for (const wrong of ['2026-02-30', '2026-13-01', 'yesterday', '20260901', '']) {
    expect(dayIn({ compare: wrong }, 'compare')).toBeUndefined();
  }
});

test('any days can be chosen, and other lengths are named', () => {
  const days = otherPeriod(WEEK, { compare: '2026-09-01', compare_to: '2026-09-03' });
  const turned = otherPeriod(WEEK, { compare: '2026-09-03', compare_to: '2026-09-01' });

  expect(days).toEqual({ from: Date.parse('2026-09-01T00:00:00Z'), to: Date.parse('2026-09-04T00:00:00Z') });
  expect(turned.to - turned.from).toBe(WEEK.to - WEEK.from);
  expect(lengthsText(WEEK, days)).toContain('has 7 days and the other one 3 days');
  expect(lengthsText(WEEK, turned)).toBeNull();
});

test('a change says its direction, and no percentage of nothing', () => {
  expect([changeText(5, 4), changeText(3, 4), changeText(4, 4), changeText(4, 0), changeText(0, 4)]).toEqual([
    '+25%, 1 more',
    '−25%, 1 fewer',
    'no change',
    '4 more',
    '−100%, 4 fewer',
  ]);
  expect(changeText(1_001, 1_000)).toBe('±0%, 1 more');
  expect(changeText(100_000, 1)).toBe('+9,999,900%, 99,999 more');
  expect([changeText(null, 4), changeText(4, undefined)]).toEqual(['–', '–']);
});

test('rates are compared in points, and what is not known is not compared', () => {
  const counts = (executions: number, completed: number): RetryCounts => ({
    ...NOTHING,
    executions,
    success_rate: executions ? completed / executions : null,
  });

  const rows = comparedRetries(counts(200, 199), counts(100, 90));
  const alone = comparedRetries(counts(200, 199), undefined);
  const empty = comparedRetries(counts(200, 199), counts(0, 0));

  expect(rows.slice(0, 2)).toEqual([
    { label: 'Finished', now: '200', other: '100', change: '+100%, 100 more' },
    { label: 'Success rate', now: '99.5%', other: '90%', change: '+9.5 points' },
  ]);
  expect(alone[0]).toEqual({ label: 'Finished', now: '200', other: '–', change: '–' });
  expect(empty[1]).toEqual({ label: 'Success rate', now: '99.5%', other: '–', change: '–' });
});

test('times of calls are longer or shorter, and those that were not measured are not compared', () => {
  const times = (p50_ms: number | null) => ({ calls: 1, p50_ms, p95_ms: 2_000, p99_ms: 900 });

  const rows = comparedTimes(times(500), { ...times(400), p99_ms: 1_800 });
  const unknown = comparedTimes(times(500), times(null));

  expect(rows).toEqual([
    { label: 'Time of a call, p50', now: '500 ms', other: '400 ms', change: '+25%, 100 ms longer' },
    { label: 'Time of a call, p95', now: '2.0 s', other: '2.0 s', change: 'no change' },
    { label: 'Time of a call, p99', now: '900 ms', other: '1.8 s', change: '−50%, 900 ms shorter' },
  ]);
  expect(unknown[0]).toMatchObject({ now: '500 ms', other: '–', change: '–' });
  expect(comparedTimes(undefined, undefined)[0]).toMatchObject({ now: '–', other: '–', change: '–' });
});

test('two versions are compared by what they did', () => {
  const version = (number: number, completed: number, p95: number) =>
    ({ flow: 'f', name: 'Nightly', version: number, executions: 4, completed, p50: 10, p95, p99: p95 }) as const;

  const rows = comparedVersions(version(2, 4, 30), version(1, 3, 40));

  expect(rows.map(({ label, change }) => `${label}: ${change}`)).toEqual([
    'Finished: no change',
    'Success: +25 points',
    'p50: no change',
    'p95: −25%, 10 ms shorter',
    'p99: −25%, 10 ms shorter',
  ]);
});

import { expect, test } from 'vitest';
import type { RetryCounts } from '@/api/reports';
import { dayIn } from '@/lib/search-params';
import { changeText, comparedRetries, dayOf, otherPeriod } from './compare';

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
  const before = otherPeriod(WEEK, undefined);
  const chosen = otherPeriod(WEEK, '2026-09-01');

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

test('a change says its direction, and no percentage of nothing', () => {
  expect([changeText(5, 4), changeText(3, 4), changeText(4, 4), changeText(4, 0), changeText(0, 4)]).toEqual([
    '+25%',
    '−25%',
    'no change',
    '–',
    '−100%',
  ]);
  expect(changeText(1_001, 1_000)).toBe('±0%');
  expect(changeText(100_000, 1)).toBe('+9,999,900%');
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
    { label: 'Finished', now: '200', other: '100', change: '+100%' },
    { label: 'Success rate', now: '99.5%', other: '90%', change: '+9.5 points' },
  ]);
  expect(alone[0]).toEqual({ label: 'Finished', now: '200', other: '–', change: '–' });
  expect(empty[1]).toEqual({ label: 'Success rate', now: '99.5%', other: '–', change: '–' });
});

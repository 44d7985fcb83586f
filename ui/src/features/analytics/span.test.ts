import { expect, test } from 'vitest';
import { axisLabels, bucketOf, SPAN_PERIODS, spanOf, startLabel, stepName } from './span';

const HOUR = 3_600_000;
const now = Date.parse('2026-11-24T14:37:00Z');
const spans = SPAN_PERIODS.map((period) => spanOf(period, now));

test('a period is split into hours, six hours or days, and the last bar is in progress', () => {
  expect(spans.map(({ from, step, count }) => [new Date(from).toISOString(), step / HOUR, count])).toEqual([
    ['2026-11-23T15:00:00.000Z', 1, 24],
    ['2026-11-17T18:00:00.000Z', 6, 28],
    ['2026-10-26T00:00:00.000Z', 24, 30],
  ]);
  for (const { from, step, count } of spans) {
    expect(now).toBeGreaterThanOrEqual(from + (count - 1) * step);
    expect(now).toBeLessThan(from + count * step);
  }
});

test('the request has buckets that the bars can be combined from', () => {
  expect(spans.map(bucketOf)).toEqual(['hour', 'hour', 'day']);
  expect(spans.map(stepName)).toEqual(['hour', '6 hours', 'day (UTC)']);
});

test('daily bars use the UTC days of the server', () => {
  expect(startLabel(Date.parse('2026-11-24T00:00:00Z'), spanOf('30d', now))).toBe('24 Nov');
});

test('an axis has room for its labels', () => {
  const labels = spans.map(axisLabels);

  expect(labels[0]).toHaveLength(4);
  expect(labels[1]?.length).toBeLessThanOrEqual(8);
  expect(labels[2]).toHaveLength(6);
  expect(labels[2]?.at(-1)).toEqual({ at: 29, text: '24 Nov' });
});

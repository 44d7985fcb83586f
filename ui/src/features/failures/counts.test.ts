import { expect, test } from 'vitest';
import { heightsOf, sentenceOf, spanName } from './counts';

test('the length of a bucket is readable', () => {
  const names = [60, 120, 900, 3_600, 21_600, 86_400, 604_800].map(spanName);

  expect(names).toEqual(['minute', '2 minutes', '15 minutes', 'hour', '6 hours', 'day', '7 days']);
});

test('one failure is visible beside a thousand, and none is not', () => {
  const heights = heightsOf([0, 1, 500, 1_000]);

  expect(heights[0]).toBe(0);
  expect(heights[1]).toBeGreaterThan(10);
  expect(heights[2]).toBeCloseTo(57);
  expect(heights[3]).toBe(100);
});

test('the bars are described in a sentence', () => {
  const buckets = [
    { start: '2026-11-23T00:00:00Z', count: 2 },
    { start: '2026-11-24T00:00:00Z', count: 7 },
    { start: '2026-11-25T00:00:00Z', count: 0 },
  ];

  expect(sentenceOf({ buckets, bucket_seconds: 86_400 })).toBe(
    'Per day since 23 Nov: at most 7, on 24 Nov; in the last day 0.',
  );
  expect(sentenceOf({ buckets: [], bucket_seconds: 60 })).toBe('No counts.');
});

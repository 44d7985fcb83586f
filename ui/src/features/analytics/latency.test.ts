import { expect, test } from 'vitest';
import { latenciesOf, pairOf, percentile } from './latency';

const row = (flow_version: number, duration_ms: number | null, status = 'completed') =>
  ({ flow_id: 'f', flow_name: 'Nightly', flow_version, duration_ms, status }) as never;

test('percentiles are the nearest ranks', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);

  expect([50, 95, 99].map((percent) => percentile(hundred, percent))).toEqual([50, 95, 99]);
  expect(percentile([7], 99)).toBe(7);
  expect(percentile([], 50)).toBe(0);
});

test('each version has a row, and what has not run takes no part', () => {
  const latencies = latenciesOf([row(2, 30), row(1, 10), row(1, 20, 'failed'), row(1, null, 'failed')]);

  expect(latencies).toMatchObject([
    { version: 1, executions: 2, completed: 1, p50: 10, p95: 20, p99: 20 },
    { version: 2, executions: 1, completed: 1, p50: 30, p99: 30 },
  ]);
});

test('the two newest versions stand side by side unless others are asked for', () => {
  const all = latenciesOf([row(1, 10), row(3, 10), row(2, 10), row(2, 10)]);
  const pair = (version?: string, against?: string) => pairOf(all, version, against)?.map((one) => one.version);

  expect(pair()).toEqual([3, 2]);
  expect(pair('1')).toEqual([1, 3]);
  expect(pair(undefined, '3')).toEqual([2, 3]);
  expect(pair('1', '2')).toEqual([1, 2]);
  expect(pair('9', 'x')).toEqual([3, 2]);
  expect(pairOf(latenciesOf([row(1, 10)]), '1', '1')).toBeNull();
});

import { describe, expect, test } from 'vitest';
import { flowPolicy, forecastRetry, nodePolicy, nodesWithOwnRetry } from '@/api/retry-forecast';
import { formatWait } from '@/lib/time';
import { retrySentence } from './retry-sentence';

const threeRetries = { retry_on_failure: true, retry_count: 3 };
const node = (retry: unknown) => ({ id: 'fetch', type: 'action', retry });

describe('the forecast of retries', () => {
  test('three retries have backoffs of 1, 2 and 4 seconds', () => {
    const forecast = forecastRetry(flowPolicy(threeRetries), null);

    expect(forecast).toMatchObject({ attempts: 4, waits: [1, 2, 4], totalWait: 7, isCut: false });
    expect(retrySentence(forecast)).toBe('up to 4 attempts; backoffs 1 s, 2 s, 4 s; fails after about 7 s');
  });

  test('ten retries double up to 512 seconds and are shortened in the sentence', () => {
    const forecast = forecastRetry(flowPolicy({ retry_on_failure: true, retry_count: 10 }), null);

    expect(forecast.waits.at(-1)).toBe(512);
    expect(retrySentence(forecast)).toBe(
      'up to 11 attempts; backoffs 1 s, 2 s, 4 s, 8 s, …, 8 min 32 s; fails after about 17 min 03 s',
    );
  });

  test('a count means nothing while retries are off', () => {
    const forecast = forecastRetry(flowPolicy({ retry_on_failure: false, retry_count: 3 }), null);

    expect(forecast).toMatchObject({ attempts: 1, waits: [], totalWait: 0 });
    expect(retrySentence(forecast)).toBe('one attempt, no retries');
  });

  test.each([
    [7, 3, true],
    [7.5, 4, false],
    [3, 2, true],
    [0.5, 1, true],
  ])('within a timeout of %d s, %d attempts can begin', (timeout, attemptsInTime, isCut) => {
    const forecast = forecastRetry(flowPolicy(threeRetries), timeout);

    expect(forecast).toMatchObject({ attemptsInTime, isCut });
  });
});

describe('the policy of a node', () => {
  test('overrides the settings of the flow key by key', () => {
    const policy = nodePolicy(threeRetries, node({ initial_interval_seconds: 0.5, max_interval_seconds: 1 }));

    expect(forecastRetry(policy, null).waits).toEqual([0.5, 1, 1]);
  });

  test('can switch retries on where the flow has them off, and off where it has them on', () => {
    const off = { retry_on_failure: false, retry_count: 0 };

    expect(nodePolicy(off, node({ enabled: true, count: 2 })).count).toBe(2);
    expect(nodePolicy(threeRetries, node({ enabled: false })).count).toBe(0);
  });

  test('counts as an override only if a key is set', () => {
    const nodes = [node(null), node({}), node({ count: null }), node({ count: 0 })];

    expect(nodesWithOwnRetry(nodes)).toEqual([node({ count: 0 })]);
  });
});

test('whole minutes have no seconds', () => {
  expect([formatWait(0.5), formatWait(64), formatWait(300), formatWait(3_600), formatWait(86_400)]).toEqual([
    '0.5 s',
    '1 min 04 s',
    '5 min',
    '1 h',
    '1 d',
  ]);
});

import { expect, test } from 'vitest';
import type { CostAnalytics } from '@/api/reports';
import { chartOf, daysOf, marksUpTo } from './cost-shape';

const row = (keys: object) => ({ currency: 'EUR', cost: 1, input_tokens: 100, output_tokens: 10, ...keys });
const analytics = (models: object[], days: object[]) => ({ models, days }) as unknown as CostAnalytics;
const days = daysOf('7d', Date.parse('2026-11-24T14:37:00Z'));

test('the days are those of UTC, and the last one is today', () => {
  expect([new Date(days.from).toISOString(), days.count]).toEqual(['2026-11-18T00:00:00.000Z', 7]);
});

test('the bars have the costs of one currency by model, and others are one', () => {
  const models = ['a', 'b', 'c', 'd', 'e', 'f'].map((model) => row({ model }));
  const found = chartOf(
    analytics(
      [...models, row({ model: 'a', currency: 'USD' })],
      [
        row({ start: '2026-11-18T00:00:00.000000Z', model: 'b', cost: 2 }),
        row({ start: '2026-11-24T00:00:00.000000Z', model: 'a', cost: 4 }),
        row({ start: '2026-11-24T00:00:00.000000Z', model: 'f', cost: 0.5 }),
        row({ start: '2026-11-24T00:00:00.000000Z', model: null, cost: 0.25 }),
        row({ start: '2026-11-24T00:00:00.000000Z', model: 'a', currency: 'USD', cost: 64 }),
        row({ start: '2026-11-01T00:00:00.000000Z', model: 'a', cost: 64 }),
      ],
    ),
    'EUR',
    'cost',
    days,
  );

  expect(found.series).toEqual(['a', 'b', null]);
  expect(found.bars[0]).toEqual({ start: days.from, values: [0, 2, 0], total: 2 });
  expect(found.bars[6]?.values).toEqual([4, 0, 0.75]);
});

test('without prices the bars have tokens', () => {
  const used = row({ start: '2026-11-24T00:00:00.000000Z', model: 'a', currency: null, cost: null });

  const found = chartOf(analytics([row({ model: 'a', currency: null })], [used]), null, 'tokens', days);

  expect([found.series, found.bars[6]?.total]).toEqual([['a'], 110]);
});

test('the marks of the axis are round, also below one', () => {
  expect(marksUpTo(0)).toEqual([0, 1]);
  expect(marksUpTo(0.0007)).toEqual([0, 0.0005, 0.001]);
  expect(marksUpTo(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(marksUpTo(7)).toEqual([0, 5, 10]);
  expect(marksUpTo(1_200_000)).toEqual([0, 500_000, 1_000_000, 1_500_000]);
});

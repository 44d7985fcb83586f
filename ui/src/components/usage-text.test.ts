import { expect, it } from 'vitest';
import { usageText } from './usage-text';

const usage = (cost: number | null) => ({ input_tokens: 1_200, output_tokens: 34, cost });

it('shows tokens, and a cost only where there is one', () => {
  expect(usageText(usage(null))).toBe('1,200 in, 34 out');
  expect(usageText(usage(0.01234))).toBe('1,200 in, 34 out · cost 0.0123');
  expect(usageText(usage(2.5))).toBe('1,200 in, 34 out · cost 2.50');
  expect(usageText({ input_tokens: 0, output_tokens: 0, cost: 1 })).toBeNull();
});

it('names the currency, and lists costs in several currencies', () => {
  expect(usageText({ ...usage(2.5), currency: 'EUR' })).toBe('1,200 in, 34 out · cost EUR 2.50');
  expect(usageText({ ...usage(1234.5), currency: 'JPY' })).toBe('1,200 in, 34 out · cost JPY 1,234.50');
  const costs = [
    { currency: null, cost: 0.5 },
    { currency: 'USD', cost: 0.00001 },
    { currency: 'EUR', cost: 0 },
  ];
  expect(usageText({ ...usage(null), costs })).toBe('1,200 in, 34 out · cost 0.50 + < USD 0.0001');
});

it('shows what the caches of providers had and took', () => {
  expect(usageText({ ...usage(2.5), cached_input_tokens: 1_000 })).toBe(
    '1,200 in (of them 1,000 cached), 34 out · cost 2.50',
  );
  expect(usageText({ ...usage(null), cached_input_tokens: 1_000, cache_write_tokens: 150 })).toBe(
    '1,200 in (of them 1,000 cached, 150 written to the cache), 34 out',
  );
  expect(usageText({ ...usage(null), cached_input_tokens: 0 })).toBe('1,200 in, 34 out');
});

it('does not round a small cost to zero', () => {
  expect(usageText(usage(0.00001))).toBe('1,200 in, 34 out · cost < 0.0001');
});

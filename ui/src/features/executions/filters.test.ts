import { expect, it } from 'vitest';
import { readFilters, toApiFilter } from './filters';
import { fromLocal, toLocal } from './local-time';

it('reads a range, a node and a reference from an address, and asks for them', () => {
  const filters = readFilters({ from: '2026-11-23T10:00:00.000Z', to: 'nonsense', node: 'score', context: 'V-7' });

  expect(filters.to).toBeUndefined();
  expect(toApiFilter(filters, Date.now())).toMatchObject({
    start_date: '2026-11-23T10:00:00.000Z',
    end_date: undefined,
    node: 'score',
    context_id: 'V-7',
  });
});

it('shows times in the zone of who looks, and sends them as moments', () => {
  const moment = '2026-11-23T10:05:00.000Z';

  expect(fromLocal(toLocal(moment))).toBe(moment);
  expect([toLocal(undefined), fromLocal('')]).toEqual(['', undefined]);
});

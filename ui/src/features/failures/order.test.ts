import { expect, test } from 'vitest';
import { held, keyOf, ORDERS, sorted } from './order';
import { aGroup } from './samples';

const small = aGroup({ fingerprint: 'small', count: 2, first_seen: '2026-11-24T09:00:00Z' });
const large = aGroup({ fingerprint: 'large', count: 9, last_seen: '2026-11-24T11:00:00Z' });
const late = aGroup({ fingerprint: 'late', count: 2, last_seen: '2026-11-24T13:00:00Z' });
const names = (groups: { fingerprint: string }[]) => groups.map((group) => group.fingerprint);

test('groups are sorted by size, by last failure or by first failure', () => {
  const orders = ORDERS.map((order) => names(sorted([small, large, late], order)));

  expect(orders).toEqual([
    ['large', 'late', 'small'],
    ['late', 'small', 'large'],
    ['small', 'large', 'late'],
  ]);
});

test('the order of groups is kept while the pointer is over the list, and new ones come last', () => {
  const before = [small, large].map(keyOf);

  const now = held(sorted([late, large, { ...small, count: 12 }], 'count'), before);

  expect(names(now)).toEqual(['small', 'large', 'late']);
});

test('a group that no longer exists is removed', () => {
  expect(names(held([late], [small, late].map(keyOf)))).toEqual(['late']);
});

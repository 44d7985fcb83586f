import { expect, it } from 'vitest';
import { extended, hasSelected, NOTHING, toggled, toggledLoaded } from './selection';

const ORDER = ['d', 'c', 'b', 'a'];

it('selects rows, ranges and all that are loaded', () => {
  const one = toggled(NOTHING, 'c');
  expect([...one.ids]).toEqual(['c']);
  expect([...extended(one, 'a', ORDER).ids]).toEqual(['c', 'b', 'a']);
  expect([...extended(one, 'd', ORDER).ids]).toEqual(['c', 'd']);
  expect([...extended(NOTHING, 'b', ORDER).ids]).toEqual(['b']);
  expect(toggled(one, 'c').ids.size).toBe(0);
  expect(toggledLoaded(one, ORDER).ids.size).toBe(4);
  expect(hasSelected(toggledLoaded(toggledLoaded(one, ORDER), ORDER))).toBe(false);
  expect(hasSelected({ ...NOTHING, isAll: true })).toBe(true);
});

import { expect, it } from 'vitest';
import { childNameOf, summaryOf } from './children';

const NONE = { items: null, reused: 0, total: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };

it('says how many of the items ended how', () => {
  expect(summaryOf({ ...NONE, items: 100, total: 100, completed: 98, failed: 2 })).toBe(
    '98 completed, 2 failed of 100',
  );
  expect(summaryOf({ ...NONE, items: 10_000, total: 60, completed: 50, running: 10 })).toBe(
    '50 completed, 10 running of 10,000',
  );
  expect(summaryOf({ ...NONE, total: 3, completed: 2, cancelled: 1 })).toBe('2 completed, 1 cancelled of 3');
  expect(summaryOf({ ...NONE, total: 1, failed: 1 })).toBe('1 failed');
  expect(summaryOf({ ...NONE, items: 100, reused: 98, total: 2, completed: 2 })).toBe('98 reused, 2 completed of 100');
});

it('names a child by the number that expressions and messages use', () => {
  const names = ['map', 'loop', 'subflow'].map((type) => childNameOf(type, { index: 0, flow_name: 'Orders' }));

  expect(names).toEqual(['Item 0', 'Iteration 0', 'Orders']);
  expect(childNameOf('subflow', { index: 0, flow_name: null })).toBe('Deleted flow');
});

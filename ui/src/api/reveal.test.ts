import { expect, test } from 'vitest';
import { isMasked } from '@/api/reveal';

test('what is masked is found wherever it is', () => {
  expect(isMasked({ a: [{ b: 'to [sensitive], please' }] })).toBe(true);
  expect(isMasked({ '[sensitive] 2': 1 })).toBe(true);
  expect(isMasked({ a: ['sensitive', 1, null, true] })).toBe(false);
});

import { expect, test } from 'vitest';
import { reasonsOf, skippedOf } from './skipped';

const NEWER = '01a214dc-4a87-77b9-88bc-ef0798de4c94';
const item = (execution_id: string, skipped: string | null) => ({ execution_id, new_execution_id: null, skipped });
const items = [
  item('d', `Already retried, as ${NEWER}.`),
  item('c', null),
  item('b', 'Not retried: the flow is archived.'),
  item('a', 'Already retried, as 01a214dc-4a87-77b9-88bc-ef0798de4c95.'),
];

test('reasons are counted across executions, the most frequent first', () => {
  expect(reasonsOf({ items })).toEqual([
    { reason: 'Already retried.', count: 2 },
    { reason: 'Not retried: the flow is archived.', count: 1 },
  ]);
});

test('an execution that was already retried links to its retry', () => {
  const skipped = skippedOf({ items });

  expect(skipped.map(({ id }) => id)).toEqual(['d', 'b', 'a']);
  expect(skipped[0]).toEqual({ id: 'd', reason: 'Already retried.', newer: NEWER });
  expect(skipped[1]?.newer).toBeUndefined();
});

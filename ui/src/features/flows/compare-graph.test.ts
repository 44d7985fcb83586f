import { expect, it } from 'vitest';
import { compareVersions, readPair } from './compare-graph';

const version = (nodes: object[], edges: object[]) => ({ name: 'Any', flow_definition: { nodes, edges } }) as never;

it('lays two versions over each other, and marks what was added, removed and changed', () => {
  const before = version(
    [
      { id: 'a', type: 'trigger' },
      { id: 'b', type: 'delay', delay_seconds: 1 },
      { id: 'gone', type: 'delay' },
    ],
    [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'gone' },
      { from: 'b', to: 'gone', on: 'error' },
    ],
  );
  const after = version(
    [
      { id: 'a', type: 'trigger', position: { x: 10, y: 10 } },
      { id: 'b', type: 'delay', delay_seconds: 2 },
      { id: 'new', type: 'delay' },
    ],
    [
      { from: 'a', to: 'b', condition: 'x' },
      { from: 'b', to: 'new' },
    ],
  );

  const { canvas, changes, diff } = compareVersions(before, after);

  expect(canvas.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'new', 'gone']);
  expect([...changes]).toEqual([
    ['b', 'changed'],
    ['new', 'added'],
    ['gone', 'removed'],
    ['["a","b"]', 'changed'],
    ['["b","new"]', 'added'],
    ['["b","gone"]', 'removed'],
    ['["b","gone"]#1', 'removed'],
  ]);
  expect(diff.moved).toBe(1);
  expect(compareVersions(after, after).changes.size).toBe(0);
});

it.each([
  ['3-5', { from: 3, to: 5 }],
  ['3', null],
  ['a-b', null],
  [undefined, null],
])('reads %s in the address', (text, pair) => {
  expect(readPair(text)).toEqual(pair);
});

import { expect, it } from 'vitest';
import { INHERITED_NAMES } from '@/testing/names';
import { placesOf } from './graph-layout';
import { toGraph } from './to-graph';

/** Where a chain of nodes with these ids is drawn. */
function placesOfChain(ids: readonly string[]) {
  const nodes = ids.map((id) => ({ id, type: 'merge' }));
  const edges = ids.slice(1).map((to, at) => ({ from: ids[at] ?? '', to }));
  return placesOf(toGraph({ nodes, edges }, { node_executions: [] }));
}

it('places nodes whose ids every object has like any others', () => {
  const plain = placesOfChain(INHERITED_NAMES.map((_, at) => `step ${at}`));
  const places = placesOfChain(INHERITED_NAMES);

  expect([...places.keys()]).toEqual(INHERITED_NAMES);
  expect([...places.values()]).toEqual([...plain.values()]);
  expect(new Set([...places.values()].map(({ x }) => x)).size).toBe(INHERITED_NAMES.length);
});

import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { align, distribute } from './arrange';
import { addNode, type Command } from './commands';
import { branchOf, edgeKeys } from './definition';
import { dropOn, insertOn, isLoose, makeRoom, nextTaking, placeOn } from './insert';

const FLOW: FlowDefinition = {
  nodes: [
    { id: 'a', type: 'action', position: { x: 0, y: 0 }, compensate_with: 'undo' },
    { id: 'b', type: 'condition', position: { x: 260, y: 40 } },
    { id: 'c', type: 'action', position: { x: 520, y: 200 } },
    { id: 'd', type: 'action', position: { x: 900, y: 90 } },
    { id: 'undo', type: 'action', position: { x: 0, y: 300 } },
    { id: 'loose', type: 'delay', position: { x: 300, y: 400 } },
  ],
  edges: [
    { from: 'a', to: 'b', on: 'error', note: 'kept' },
    { from: 'b', to: 'c', condition: true },
    { from: 'b', to: 'd', condition: false },
  ],
};
const [FIRST = ''] = edgeKeys(FLOW.edges);

const places = (command: Command) =>
  new Map(command(FLOW).nodes.map(({ id, position }) => [id, [position?.x, position?.y]]));

describe('lining up', () => {
  it('puts nodes where the outermost one is, or in the middle of all', () => {
    expect(places(align(['a', 'c'], 'left')).get('c')).toEqual([0, 200]);
    expect(places(align(['a', 'c'], 'right')).get('a')).toEqual([520, 0]);
    expect(places(align(['a', 'c'], 'top')).get('c')).toEqual([520, 0]);
    expect(places(align(['a', 'c', 'd'], 'bottom')).get('a')).toEqual([0, 200]);
    expect(places(align(['a', 'c'], 'center')).get('a')).toEqual([260, 0]);
    expect(places(align(['a', 'c'], 'middle')).get('c')).toEqual([520, 100]);
    expect(align(['a'], 'left')(FLOW)).toBe(FLOW);
  });

  it('makes gaps equal and leaves the outermost where they are', () => {
    const spread = places(distribute(['d', 'a', 'c'], 'x'));

    expect([spread.get('a'), spread.get('c'), spread.get('d')]).toEqual([
      [0, 0],
      [450, 200],
      [900, 90],
    ]);
    expect(distribute(['a', 'c'], 'y')(FLOW)).toBe(FLOW);
  });
});

describe('putting a node into an edge', () => {
  it('keeps when the edge is taken and what else it has, and leads on', () => {
    expect(insertOn(FIRST, 'loose')(FLOW).edges.slice(0, 2)).toEqual([
      { from: 'a', to: 'loose', on: 'error', note: 'kept' },
      { from: 'loose', to: 'b' },
    ]);
  });

  it('goes on from a condition where it holds, and from an approval where it is given', () => {
    const asks = addNode({ id: 'ask', type: 'approval' }, { at: { x: 0, y: 0 } })(FLOW);

    expect(insertOn(FIRST, 'ask')(asks).edges[1]).toEqual({ from: 'ask', to: 'b', condition: 'approved' });
    expect(nextTaking(FLOW, 'a')).toEqual({});
    expect(nextTaking({ ...FLOW, edges: FLOW.edges.slice(0, 2) }, 'b')).toEqual({ condition: false });
  });

  it('takes loose nodes only: not those with edges, triggers, and what undoes a node', () => {
    const starts = addNode({ id: 'start', type: 'trigger' }, { at: { x: 0, y: 0 } })(FLOW);

    expect(['a', 'b', 'undo', 'loose', 'none'].filter((id) => isLoose(FLOW, id))).toEqual(['loose']);
    expect(isLoose(starts, 'start')).toBe(false);
    expect(insertOn(FIRST, 'c')(FLOW)).toBe(FLOW);
    expect(insertOn('none', 'loose')(FLOW)).toBe(FLOW);
  });

  it('makes room for it by moving what comes after', () => {
    const moved = makeRoom(FIRST)(FLOW);

    expect(moved.nodes.map(({ position }) => position?.x)).toEqual([0, 470, 730, 1110, 0, 300]);
    expect(placeOn(moved, FIRST)).toEqual({ x: 240, y: 20 });
    expect(makeRoom(FIRST)(moved)).toBe(moved);
    const dropped = dropOn(FIRST, 'loose')(FLOW);
    expect(dropped.nodes.at(-1)?.position).toEqual({ x: 240, y: 20 });
    expect(dropped.edges).toHaveLength(4);
    expect(dropOn(FIRST, 'c')(FLOW)).toBe(FLOW);
  });
});

it('finds a branch: what a path leads to, and what undoes it', () => {
  expect([...branchOf(FLOW, 'a')]).toEqual(['a', 'b', 'undo', 'c', 'd']);
  expect([...branchOf(FLOW, 'c')]).toEqual(['c']);
});

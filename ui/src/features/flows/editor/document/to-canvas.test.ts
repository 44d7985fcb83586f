import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { INHERITED_NAMES } from '@/testing/names';
import { faultAt, placeFaults } from './faults';
import { toCanvas } from './to-canvas';

const FLOW: FlowDefinition = {
  nodes: [
    { id: 'live', type: 'action', action: 'http_request' },
    { id: 'ok', type: 'condition', condition: 'live.status == 200' },
    { id: 'cached', type: 'action', action: 'transform' },
  ],
  edges: [
    { from: 'live', to: 'ok' },
    { from: 'live', to: 'cached', on: 'error' },
    { from: 'ok', to: 'cached', condition: { type: 'greater_than', field: 'live.body.age', value: 5 } },
    { from: 'ok', to: 'nowhere' },
  ],
};
const NOTHING = { nodes: [], edges: [] };

describe('toCanvas', () => {
  it('draws errors, conditions and plain edges differently, and skips edges to missing nodes', () => {
    const { edges } = toCanvas(FLOW, { faults: [], warnings: [] }, NOTHING);

    expect(edges.map((edge) => [edge.data?.kind, edge.data?.label, edge.sourceHandle])).toEqual([
      ['always', null, 'out'],
      ['error', 'on error', 'error'],
      ['condition', 'live.body.age > 5', 'out'],
    ]);
  });

  it('says which handles edges start from', () => {
    const { nodes } = toCanvas(FLOW, { faults: [], warnings: [] }, NOTHING);

    expect(nodes.map((node) => node.data.joined)).toEqual(['out\nerror', 'out', '']);
  });

  it('puts nodes without a position into columns by depth', () => {
    const { nodes } = toCanvas(FLOW, { faults: [], warnings: [] }, NOTHING);

    expect(nodes.map((node) => node.position.x)).toEqual([0, 260, 520]);
  });

  it('marks the nodes and edges that faults point to', () => {
    const faults = placeFaults(
      [
        { pointer: '/flow_definition/nodes/0/input/url', detail: 'needs a `url`' },
        { pointer: '/flow_definition/edges/3/to', detail: 'there is no node `nowhere`' },
        { pointer: '/flow_definition/nodes', detail: 'too many' },
      ],
      FLOW,
    );

    const { nodes } = toCanvas(FLOW, { faults, warnings: [] }, NOTHING);

    expect(nodes.map((node) => node.data.faults)).toEqual([1, 0, 0]);
    expect(faults.map((fault) => fault.target?.kind)).toEqual(['node', 'edge', undefined]);
    expect(faultAt(faults, ['input'])).toBe('needs a `url`');
    expect(faultAt(faults, ['input', 'method'])).toBeUndefined();
  });
});

it.each(INHERITED_NAMES)('draws nodes, edges and comparisons named %s', (name) => {
  const flow: FlowDefinition = {
    nodes: [
      { id: name, type: name, action: name },
      { id: 'end', type: 'action', action: name },
    ],
    edges: [{ from: name, to: 'end', condition: { type: name, field: 'a', value: 1 } }],
  };
  const { nodes, edges } = toCanvas(flow, { faults: [], warnings: [] }, NOTHING);

  expect(nodes.map(({ id }) => id)).toEqual([name, 'end']);
  expect(edges.map((edge) => [edge.source, edge.data?.label])).toEqual([[name, `a ${name} 1`]]);
});

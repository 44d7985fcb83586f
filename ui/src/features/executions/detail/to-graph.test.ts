import { describe, expect, it } from 'vitest';
import { aNode } from './samples';
import { edgeState, toGraph } from './to-graph';

const edge = { from: 'a', to: 'b' };
const ran = aNode({ node_id: 'a', status: 'completed', output_data: { condition_result: true } });
const begun = aNode({ node_id: 'b', status: 'running', started_at: '2026-11-24T10:00:00Z' });

describe('edgeState', () => {
  it('is open until the source node has ended', () => {
    expect(edgeState(edge, aNode({ status: 'running' }), undefined, 1)).toBe('open');
    expect(edgeState(edge, undefined, undefined, 1)).toBe('open');
  });

  it('follows the result of a condition', () => {
    expect(edgeState({ ...edge, condition: true }, ran, undefined, 1)).toBe('taken');
    expect(edgeState({ ...edge, condition: false }, ran, undefined, 1)).toBe('not_taken');
  });

  it('takes an error edge only after a handled failure', () => {
    const failed = aNode({ status: 'failed' });

    expect(edgeState({ ...edge, on: 'error' }, failed, begun, 1)).toBe('taken');
    expect(edgeState({ ...edge, on: 'error' }, ran, begun, 1)).toBe('not_taken');
    expect(edgeState(edge, failed, begun, 1)).toBe('not_taken');
  });

  it('stays open where an expression has several incoming edges', () => {
    const expression = { ...edge, condition: 'score.risk > 70' };

    expect(edgeState(expression, ran, begun, 1)).toBe('taken');
    expect(edgeState(expression, ran, begun, 2)).toBe('open');
    expect(edgeState(expression, ran, aNode({ status: 'skipped' }), 2)).toBe('not_taken');
  });
});

it('keeps numeric positions, and leaves other nodes to the layout', () => {
  const nodes = [
    { id: 'a', type: 'action', position: { x: 1, y: 2 } },
    { id: 'b', type: 'action', position: { x: 'far' } as never },
    { id: 'c', type: 'action' },
  ];

  const graph = toGraph({ nodes, edges: [edge] }, { node_executions: [ran] });

  expect(graph.nodes.map((node) => node.position)).toEqual([{ x: 1, y: 2 }, null, null]);
  expect(graph.edges[0]?.state).toBe('taken');
});

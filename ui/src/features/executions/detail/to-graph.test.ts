import { describe, expect, it } from 'vitest';
import type { NodeExecution as Node } from '@/api/types';
import { aNode } from './samples';
import { edgeState, toGraph } from './to-graph';

const edge = { from: 'a', to: 'b' };
const ran = aNode({ node_id: 'a', status: 'completed', output_data: { condition_result: true } });
const begun = aNode({ node_id: 'b', status: 'running', started_at: '2026-11-24T10:00:00Z' });

const ends = (from: Node | undefined, to: Node | undefined, incoming: number, cases: readonly string[] = []) => ({
  from,
  to,
  incoming,
  cases,
});

describe('edgeState', () => {
  it('is open until the source node has ended', () => {
    expect(edgeState(edge, ends(aNode({ status: 'running' }), undefined, 1))).toBe('open');
    expect(edgeState(edge, ends(undefined, undefined, 1))).toBe('open');
  });

  it('follows the result of a condition', () => {
    expect(edgeState({ ...edge, condition: true }, ends(ran, undefined, 1))).toBe('taken');
    expect(edgeState({ ...edge, condition: false }, ends(ran, undefined, 1))).toBe('not_taken');
  });

  it('follows the case that a switch chose, also where several edges meet', () => {
    const chose = aNode({ node_id: 'a', status: 'completed', output_data: { case: 'low' } });
    const cases = ['high', 'low', 'default'];
    const stateOf = (condition: string) => edgeState({ ...edge, condition }, ends(chose, begun, 3, cases));

    expect(cases.map(stateOf)).toEqual(['not_taken', 'taken', 'not_taken']);
  });

  it('follows the decision of an approval', () => {
    const output_data = { decision: 'timed_out' };
    const asked = aNode({ node_id: 'a', node_type: 'approval', status: 'completed', output_data });
    const cases = ['approved', 'rejected', 'timed_out'];
    const stateOf = (condition: string) => edgeState({ ...edge, condition }, ends(asked, begun, 3, cases));

    expect(cases.map(stateOf)).toEqual(['not_taken', 'not_taken', 'taken']);
  });

  it('takes an error edge only after a handled failure', () => {
    const failed = aNode({ status: 'failed' });

    expect(edgeState({ ...edge, on: 'error' }, ends(failed, begun, 1))).toBe('taken');
    expect(edgeState({ ...edge, on: 'error' }, ends(ran, begun, 1))).toBe('not_taken');
    expect(edgeState(edge, ends(failed, begun, 1))).toBe('not_taken');
  });

  it('stays open where an expression has several incoming edges', () => {
    const expression = { ...edge, condition: 'score.risk > 70' };

    expect(edgeState(expression, ends(ran, begun, 1))).toBe('taken');
    expect(edgeState(expression, ends(ran, begun, 2))).toBe('open');
    expect(edgeState(expression, ends(ran, aNode({ status: 'skipped' }), 2))).toBe('not_taken');
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

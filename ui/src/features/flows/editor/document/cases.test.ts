import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { failsOn } from './cases';
import { renameNode, takingOf, updateCases } from './commands';
import { toCanvas } from './to-canvas';

const cases = ['high', 'low'].map((name) => ({ name, condition: `score.risk_${name}` }));
const FLOW: FlowDefinition = {
  nodes: [
    { id: 'high', type: 'action', action: 'transform' },
    { id: 'route', type: 'switch', cases },
    { id: 'rest', type: 'action', action: 'transform' },
  ],
  edges: [
    { from: 'high', to: 'route' },
    { from: 'route', to: 'rest', condition: 'high' },
    { from: 'route', to: 'rest', condition: 'default' },
    { from: 'route', to: 'rest', condition: 'route.case != "x"' },
    { from: 'route', to: 'rest' },
  ],
};

describe('cases of a switch', () => {
  it('have a handle each, and one for the default', () => {
    const { nodes, edges } = toCanvas(FLOW, { faults: [], warnings: [] }, { nodes: [], edges: [] });

    expect(edges.map((edge) => edge.sourceHandle)).toEqual(['out', 'case:high', 'case:default', 'out', 'out']);
    expect(edges.map((edge) => edge.data?.label)).toEqual([null, 'high', 'default', 'route.case != "x"', null]);
    expect(nodes[1]?.height).toBe(60);
  });

  it('are asked for by edges that start at their handles', () => {
    expect(takingOf('case:very low')).toEqual({ condition: 'very low' });
    expect(takingOf('true')).toEqual({ condition: true });
    expect(takingOf('out')).toEqual({});
  });

  it('keep their edges when they are renamed', () => {
    const renamed = updateCases('route', [{ ...cases[0], name: 'urgent' }, cases[1]])(FLOW);

    expect(renamed.edges.map(({ condition }) => condition)).toEqual([
      undefined,
      'urgent',
      'default',
      'route.case != "x"',
      undefined,
    ]);
  });

  it('are not taken for nodes when a node of the same name is renamed', () => {
    const renamed = renameNode('high', 'first')(FLOW);

    expect(renamed.edges[1]).toEqual({ from: 'route', to: 'rest', condition: 'high' });
  });

  it('make a node with many of them higher', () => {
    const many = Array.from({ length: 9 }, (_, at) => ({ name: `c${at}`, condition: 'true' }));
    const { nodes } = toCanvas(
      { nodes: [{ id: 'route', type: 'switch', cases: many }], edges: [] },
      { faults: [], warnings: [] },
      {
        nodes: [],
        edges: [],
      },
    );

    expect(nodes[0]?.height).toBe(228);
  });
});

describe('decisions of an approval', () => {
  const ok = { id: 'ok', type: 'approval' };
  const edge = (condition?: string) => ({ from: 'ok', to: 'rest', ...(condition && { condition }) });

  it('have a handle each, and without an edge the node fails where they can happen', () => {
    expect(failsOn(ok, [edge(), edge('approved')])).toEqual(['rejected']);
    expect(failsOn({ ...ok, timeout_seconds: 60 }, [edge('approved')])).toEqual(['rejected', 'timed_out']);
    expect(failsOn({ ...ok, timeout_seconds: 60 }, [edge('rejected'), edge('timed_out')])).toEqual([]);
    expect(failsOn({ ...ok, type: 'delay' }, [])).toEqual([]);
    const graph = { nodes: [ok, { id: 'rest', type: 'merge' }], edges: [edge(), edge('timed_out'), edge('other')] };
    const { nodes, edges } = toCanvas(graph, { faults: [], warnings: [] }, { nodes: [], edges: [] });
    expect(edges.map(({ sourceHandle }) => sourceHandle)).toEqual(['out', 'case:timed_out', 'out']);
    expect(nodes[0]?.ariaLabel).toBe('ok, approval, fails if rejected');
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { Flow, FlowDefinition, FlowNode } from '@/api/types';
import { addNode, connect, renameNode, updateNode } from './commands';
import { createDraftStore, type DraftStore } from './draft-store';
import { placeFaults } from './faults';
import { graphAt } from './inside';
import { nodeType } from './samples';
import { scopeInside, scopeOfNode } from './scope';

const step = (id: string, input: unknown = {}): FlowNode => ({ id, type: 'action', action: 'transform', input });

/** A flow whose map has a loop in its body, and keys that the studio does not know. */
const FLOW: FlowDefinition = {
  nodes: [
    step('fetch'),
    {
      id: 'each',
      name: 'Each order',
      type: 'map',
      items: `\${fetch.rows}`,
      note: 'kept',
      body: {
        nodes: [
          step('price', { total: `\${item.total + fetch.fee}` }),
          {
            id: 'again',
            type: 'loop',
            until: 'price.total > last.n',
            body: { nodes: [step('inner', { n: `\${price.total}` })], edges: [] },
          },
        ],
        edges: [{ from: 'price', to: 'again', condition: 'price.total > 0' }],
        color: 'kept, too',
      },
    },
  ],
  edges: [{ from: 'fetch', to: 'each' }],
};

const WAY = ['each', 'again'];
let store: DraftStore;
const now = () => store.getState();
const bodyOfEach = () => graphAt(now().present, ['each']) as FlowDefinition;
const idsIn = ({ nodes }: FlowDefinition) => nodes.map(({ id }) => id);

beforeEach(() => {
  store = createDraftStore({ id: 'f', version: 1, flow_definition: FLOW } as unknown as Flow);
});

describe('the body of a node', () => {
  it('is on the canvas, at any depth, and left step by step', () => {
    now().enter(WAY);
    expect(now().canvas.nodes.map(({ id }) => id)).toEqual(['inner']);

    now().leave();
    expect([now().inside, now().selection.nodes]).toEqual([['each'], ['again']]);
    expect(now().canvas.nodes.map(({ id }) => id)).toEqual(['price', 'again']);

    now().leave();
    now().leave();
    expect([now().inside, now().present]).toEqual([[], FLOW]);
  });

  it('takes every command, and nothing around it changes', () => {
    now().enter(['each']);

    now().apply(addNode(step('fetch'), { after: 'price' }));
    now().apply(updateNode('price', { name: 'Price it' }));
    now().select({ nodes: ['again'] });
    now().deleteSelected();

    expect(idsIn(bodyOfEach())).toEqual(['price', 'fetch_2']);
    expect(bodyOfEach().edges).toEqual([{ from: 'price', to: 'fetch_2' }]);
    expect(bodyOfEach().color).toBe('kept, too');
    expect(now().present.nodes[0]).toBe(FLOW.nodes[0]);
    expect(now().present.nodes[1]).toMatchObject({ note: 'kept', items: `\${fetch.rows}` });
  });

  it('is shown where a change is undone', () => {
    now().enter(WAY);
    now().apply(updateNode('inner', { name: 'In' }));
    now().enter([]);
    now().apply(updateNode('fetch', { name: 'Out' }));

    now().undo();
    expect(now().inside).toEqual([]);
    now().undo();
    expect([now().inside, now().present]).toEqual([WAY, FLOW]);

    now().redo();
    expect([now().inside, now().graph.nodes[0]?.name]).toEqual([WAY, 'In']);
  });

  it('is left when the document loses it', () => {
    now().enter(WAY);

    now().replace({ nodes: FLOW.nodes.slice(0, 1), edges: [] }, 'json');

    expect([now().inside, idsIn(now().graph)]).toEqual([[], ['fetch']]);
  });

  it('has ids that no other node of the flow has, also in copies and in new bodies', () => {
    now().select({ nodes: ['each'] });
    const text = now().copy();
    now().enter(WAY);
    now().paste(text);

    const copy = now().graph.nodes[1] as FlowNode;
    expect(copy).toMatchObject({
      id: 'each_2',
      items: `\${fetch.rows}`,
      body: {
        nodes: [
          { id: 'price_2', input: { total: `\${item.total + fetch.fee}` } },
          { id: 'again_2', until: 'price_2.total > last.n', body: { nodes: [{ input: { n: `\${price_2.total}` } }] } },
        ],
        edges: [{ from: 'price_2', to: 'again_2', condition: 'price_2.total > 0' }],
      },
    });

    now().enter([]);
    now().apply(addNode({ id: 'map', type: 'map', body: { nodes: [step('price')], edges: [] } }, { after: 'fetch' }));
    expect(now().present.nodes[2]).toMatchObject({ id: 'map', body: { nodes: [{ id: 'price_3' }] } });
  });

  it('follows a node that it reads when that is renamed, wherever it is', () => {
    now().apply(renameNode('fetch', 'load'));
    now().enter(['each']);
    now().apply(renameNode('price', 'cost'));
    now().apply(renameNode('cost', 'load'));

    expect(now().present.edges).toEqual([{ from: 'load', to: 'each' }]);
    expect(bodyOfEach()).toMatchObject({
      nodes: [
        { id: 'cost', input: { total: `\${item.total + load.fee}` } },
        { until: 'cost.total > last.n', body: { nodes: [{ input: { n: `\${cost.total}` } }] } },
      ],
      edges: [{ from: 'cost', to: 'again', condition: 'cost.total > 0' }],
    });
  });

  it('shows its problems where they are, and its node how many there are', () => {
    const at = (place: string) => ({ pointer: `/flow_definition/nodes/1${place}`, detail: place });
    const places = [
      '/items',
      '/body/nodes/0/input/total',
      '/body/edges/0/condition',
      '/body/nodes/1/body/nodes/0/action',
      '/body/nodes',
    ];

    const faults = placeFaults(places.map(at), FLOW);
    now().setFindings({ faults, warnings: [] });

    expect(faults.map(({ inside, target, field }) => [inside, target?.id, field])).toEqual([
      [[], 'each', ['items']],
      [['each'], 'price', ['input', 'total']],
      [['each'], '["price","again"]', ['condition']],
      [WAY, 'inner', ['action']],
      [[], 'each', ['body', 'nodes']],
    ]);
    expect(now().canvas.nodes.map(({ data }) => data.faults)).toEqual([0, 5]);
    now().enter(['each']);
    expect(now().canvas.nodes.map(({ data }) => data.faults)).toEqual([1, 1]);
    expect(now().canvas.edges[0]?.data?.faults).toBe(1);
  });

  it('cannot be closed to a cycle', () => {
    now().enter(['each']);

    now().apply(connect('again', 'price'));

    expect(bodyOfEach().edges).toHaveLength(1);
  });

  it('that cannot be drawn is left as it is', () => {
    const odd = {
      nodes: [{ id: 'each', type: 'map', body: { nodes: [{ id: 7 }] } }],
      edges: [],
    } as unknown as FlowDefinition;
    store = createDraftStore({ id: 'f', version: 1, flow_definition: odd } as unknown as Flow);

    now().enter(['each']);
    now().apply(updateNode('each', { name: 'Each' }));

    expect([now().inside, now().present.nodes[0]?.body]).toEqual([[], { nodes: [{ id: 7 }] }]);
  });
});

describe('names in a body', () => {
  const catalogue = {
    common: {},
    types: [
      nodeType({ type: 'map', traits: { repeats: 'items' } }),
      nodeType({ type: 'loop', traits: { repeats: 'iterations' } }),
    ],
  };
  const own = [
    { name: 'mine', detail: '' },
    { name: 'attempt', detail: '' },
  ];
  const namesAt = (inside: readonly string[]) => scopeInside(FLOW, inside, own, catalogue).map(({ name }) => name);

  it('are those that its node gives, and of the nodes before that', () => {
    expect(namesAt(['each'])).toEqual(expect.arrayContaining(['item', 'index', 'fetch']));
    expect(namesAt(['each'])).not.toContain('price');
    expect(namesAt(WAY)).toEqual(expect.arrayContaining(['last', 'index', 'item', 'price', 'fetch']));
    expect(namesAt(WAY).slice(0, 3)).toEqual(['last', 'index', 'mine']);
    expect(new Set(namesAt(WAY)).size).toBe(namesAt(WAY).length);
  });

  it('are read by the condition of a loop', () => {
    const body = graphAt(FLOW, ['each']) as FlowDefinition;

    const names = scopeOfNode(body, 'again', catalogue).map(({ name }) => name);

    expect(names).toEqual(expect.arrayContaining(['last', 'index', 'price']));
  });
});

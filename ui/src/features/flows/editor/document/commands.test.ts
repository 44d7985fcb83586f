import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { parseJson, writeJson } from '@/lib/json';
import { INHERITED_NAMES } from '@/testing/names';
import { copySelection, paste, readClipboard } from './clipboard';
import { addNode, connect, deleteSelection, moveNodes, renameNode, updateEdge, updateNode } from './commands';
import { edgeKeys, idsOf } from './definition';
import { layout } from './layout';

const at = (x: number, y = 0) => ({ position: { x, y } });

const FLOW: FlowDefinition = {
  nodes: [
    { id: 'fetch', type: 'action', action: 'http_request', input: { url: 'https://a.test' }, ...at(0) },
    { id: 'risky', type: 'condition', condition: 'fetch.body.risk > 70', ...at(280) },
    {
      id: 'report',
      type: 'action',
      action: 'transform',
      input: { risk: `\${fetch.body.risk} of \${'fetch'}` },
      ...at(560),
    },
  ],
  edges: [
    { from: 'fetch', to: 'risky' },
    { from: 'risky', to: 'report', condition: true },
  ],
};

describe('commands', () => {
  it('adds a node after another under an unused id and connects it', () => {
    const after = addNode({ id: 'fetch', type: 'delay' }, { after: 'report' })(FLOW);

    expect(after.nodes.at(-1)).toEqual({ id: 'fetch_2', type: 'delay', position: { x: 820, y: 0 } });
    expect(after.edges.at(-1)).toEqual({ from: 'report', to: 'fetch_2' });
  });

  it('does not connect nodes twice, nor in a cycle', () => {
    expect(connect('fetch', 'risky')(FLOW)).toBe(FLOW);
    expect(connect('report', 'fetch')(FLOW)).toBe(FLOW);
    expect(connect('fetch', 'report', { on: 'error' })(FLOW).edges).toHaveLength(3);
  });

  it('keeps nodes that do not move', () => {
    const same = moveNodes(new Map([['fetch', { x: 0, y: 0 }]]))(FLOW);
    const after = moveNodes(new Map([['fetch', { x: 10, y: 0 }]]))(FLOW);

    expect(same).toBe(FLOW);
    expect(after.nodes[1]).toBe(FLOW.nodes[1]);
  });

  it('deletes nodes with their edges', () => {
    const after = deleteSelection({ nodes: ['risky'], edges: [] })(FLOW);

    expect(after.nodes.map((node) => node.id)).toEqual(['fetch', 'report']);
    expect(after.edges).toEqual([]);
  });

  it('removes keys that are set to undefined', () => {
    const key = edgeKeys(FLOW.edges)[1] ?? '';

    const after = updateEdge(key, { condition: undefined })(updateNode('fetch', { input: undefined })(FLOW));

    expect(after.nodes[0]).not.toHaveProperty('input');
    expect(after.edges[1]).toEqual({ from: 'risky', to: 'report' });
  });

  it('renames an id in edges and expressions, but not in texts', () => {
    const after = renameNode('fetch', 'get-vendor')(FLOW);

    expect(after.edges[0]).toEqual({ from: 'get-vendor', to: 'risky' });
    expect(after.nodes[1]?.condition).toBe('nodes["get-vendor"].output.body.risk > 70');
    expect(after.nodes[2]?.input).toEqual({ risk: `\${nodes["get-vendor"].output.body.risk} of \${'fetch'}` });
    expect(renameNode('fetch', 'report')(FLOW)).toBe(FLOW);
  });

  it('pastes copies that refer to each other and not to their originals', () => {
    const copied = copiedIn(copySelection(FLOW, { nodes: ['fetch', 'risky'], edges: [] }));

    const { command, ids } = paste(idsOf(FLOW), copied);
    const after = command(FLOW);

    expect(ids).toEqual(['fetch_2', 'risky_2']);
    expect(after.nodes[4]?.condition).toBe('fetch_2.body.risk > 70');
    expect(after.nodes[3]?.position).toEqual({ x: 40, y: 40 });
    expect(after.edges.at(-1)).toEqual({ from: 'fetch_2', to: 'risky_2' });
  });

  it('pastes with the upper left corner at a point', () => {
    const { command } = paste(idsOf(FLOW), { nodes: FLOW.nodes.slice(1), edges: [] }, { x: -100, y: 50 });

    expect(
      command(FLOW)
        .nodes.slice(3)
        .map(({ position }) => position),
    ).toEqual([
      { x: -100, y: 50 },
      { x: 180, y: 50 },
    ]);
  });

  it('reads documents, lists of nodes and single nodes, and names what it leaves out', () => {
    const document = {
      name: 'Any',
      flow_definition: {
        nodes: [
          { id: 'go', type: 'trigger' },
          { id: 'a', type: 'delay' },
        ],
        edges: [{ from: 'a', to: 'b' }],
      },
    };
    const read = (value: unknown, isBody = false) => readClipboard(writeJson(value), isBody);

    expect(read(document)).toMatchObject({ leftOut: ['a → b'] });
    expect(read(document, true)).toEqual({
      copied: { nodes: [{ id: 'a', type: 'delay' }], edges: [] },
      leftOut: ['go', 'a → b'],
    });
    expect(read([{ id: 'a', type: 'delay' }])).toMatchObject({ leftOut: [] });
    expect(read({ id: 'a', type: 'delay' })).toMatchObject({ leftOut: [] });
    expect(read({ nodes: [{ id: 'a' }] })).toEqual({ fault: 'Node `a` needs a `type`.' });
    expect(read([{ id: 'go', type: 'trigger' }], true)).toEqual({ fault: 'It has no nodes that fit here.' });
    expect(readClipboard('Just words')).toBeNull();
  });

  it('lays nodes out from left to right', async () => {
    const after = (await layout(FLOW))(FLOW);

    const xs = after.nodes.map((node) => node.position?.x ?? 0);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(new Set(xs).size).toBe(3);
  });

  it('puts error branches below the others', async () => {
    const forked = addNode({ id: 'sorry', type: 'delay' }, { after: 'fetch', taking: { on: 'error' } })(FLOW);

    const after = (await layout(forked))(forked);

    const y = (id: string) => after.nodes.find((node) => node.id === id)?.position?.y ?? 0;
    expect(y('sorry')).toBeGreaterThan(y('risky'));
  });
});

describe('numbers in a definition', () => {
  const TEXT =
    '{"nodes":[{"id":"a","type":"delay","delay_seconds":1.50,"position":{"x":100.0,"y":1E+2}},' +
    '{"id":"b","type":"merge","input":{"id":1234567890123456789},"position":{"x":0.0,"y":-0}}],' +
    '"edges":[{"from":"a","to":"b","condition":{"type":"equals","field":"a.x","value":19.90}}]}';
  const definition = () => parseJson(TEXT) as unknown as FlowDefinition;

  it('keep their digits when a node is moved, also the positions of the others', () => {
    const moved = moveNodes(new Map([['b', { x: 10, y: 20 }]]))(definition());

    expect(writeJson(moved)).toBe(TEXT.replace('"x":0.0,"y":-0', '"x":10,"y":20'));
  });

  it('say that a node has not moved', () => {
    const start = definition();

    expect(moveNodes(new Map([['a', { x: 100, y: 100 }]]))(start)).toBe(start);
  });

  it('keep their digits when nodes are renamed and copied', () => {
    const copied = copiedIn(copySelection(definition(), { nodes: ['a', 'b'], edges: [] }));
    const pasted = paste(idsOf(definition()), copied).command(definition());

    expect(writeJson(renameNode('a', 'c')(definition()))).toContain('"field":"c.x","value":19.90');
    expect(writeJson(pasted.nodes[2])).toBe(
      '{"id":"a_2","type":"delay","delay_seconds":1.50,"position":{"x":140,"y":140}}',
    );
    expect(writeJson(pasted.nodes[3])).toContain('"input":{"id":1234567890123456789}');
  });
});

describe('ids that every object has', () => {
  /** The text of a flow whose nodes have these ids, each reading the one before. */
  const chain = (ids: readonly string[]) => {
    const nodes = ids.map((id, place) => ({
      id,
      type: 'action',
      input: parseJson(`{"${id}":"\${${ids[place - 1]}}"}`),
      ...at(0),
    }));
    return { nodes, edges: ids.slice(1).map((to, at) => ({ from: ids[at] ?? '', to })) };
  };

  it('are placed like any others', async () => {
    const plain = chain(INHERITED_NAMES.map((_, at) => `step ${at}`));
    const odd = chain(INHERITED_NAMES);
    const placesIn = (flow: FlowDefinition) => flow.nodes.map(({ position }) => position);

    expect(placesIn((await layout(odd))(odd))).toEqual(placesIn((await layout(plain))(plain)));
  });

  it.each(INHERITED_NAMES)('%s is moved, and nothing else', (name) => {
    const before = chain(INHERITED_NAMES);
    const after = moveNodes(new Map([[name, { x: 90, y: 60 }]]))(before);
    const back = moveNodes(new Map([[name, at(0).position]]))(after);

    expect(after.nodes.find(({ id }) => id === name)?.position).toEqual({ x: 90, y: 60 });
    expect(writeJson(back)).toBe(writeJson(before));
  });

  it.each(INHERITED_NAMES)('%s is renamed in expressions, too', (name) => {
    const after = renameNode(name, 'other')(chain(['start', name, 'end']));

    expect(after.nodes[2]?.input).toEqual({ end: `\${${'other'}}` });
    expect(after.edges.at(-1)).toEqual({ from: 'other', to: 'end' });
  });
});

function copiedIn(text: string): FlowDefinition {
  const reading = readClipboard(text);
  if (!reading || 'fault' in reading) throw new Error('nothing was copied');
  return reading.copied;
}

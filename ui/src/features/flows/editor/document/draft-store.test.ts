import { describe, expect, it } from 'vitest';
import type { Flow, FlowDefinition } from '@/api/types';
import { aFlow } from '@/testing/a-flow';
import { addNode, updateNode } from './commands';
import { createDraftStore, isDirty } from './draft-store';

const flowWith = (flow_definition: FlowDefinition, version = 1): Flow => aFlow({ id: 'f', version, flow_definition });

const ONE: FlowDefinition = { nodes: [{ id: 'a', type: 'action', position: { x: 0, y: 0 } }], edges: [] };

describe('the draft of a flow', () => {
  it('undoes and redoes, and is clean at its start', () => {
    const store = createDraftStore(flowWith(ONE));
    store.getState().apply(addNode({ id: 'b', type: 'delay' }, { after: 'a' }));
    expect(isDirty(store.getState())).toBe(true);

    store.getState().undo();

    expect(isDirty(store.getState())).toBe(false);
    store.getState().redo();
    expect(store.getState().present.nodes).toHaveLength(2);
    expect(store.getState().canvas.edges).toHaveLength(1);
  });

  it('undoes typing into one field as one step', () => {
    const store = createDraftStore(flowWith(ONE));

    for (const name of ['F', 'Fe', 'Fetch']) store.getState().apply(updateNode('a', { name }), 'a/name');
    store.getState().undo();

    expect(store.getState().present.nodes[0]).not.toHaveProperty('name');
  });

  it('moves a node on the canvas while it is dragged and in the document when it is dropped', () => {
    const store = createDraftStore(flowWith(ONE));
    const move = (dragging: boolean) => ({ id: 'a', type: 'position', position: { x: 50, y: 0 }, dragging }) as const;

    store.getState().changeNodes([move(true)]);
    expect(store.getState().canvas.nodes[0]?.position.x).toBe(50);
    expect(isDirty(store.getState())).toBe(false);

    store.getState().changeNodes([move(false)]);
    expect(store.getState().present.nodes[0]?.position).toEqual({ x: 50, y: 0 });
  });

  it('renders only changes again', () => {
    const store = createDraftStore(flowWith({ nodes: [...ONE.nodes, { id: 'b', type: 'delay' }], edges: [] }));
    const before = store.getState().canvas.nodes;

    store.getState().apply(updateNode('a', { name: 'A' }));

    const after = store.getState().canvas.nodes;
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });

  it('deselects what no longer exists', () => {
    const store = createDraftStore(flowWith(ONE));
    store.getState().selectAll();

    store.getState().deleteSelected();

    expect(store.getState().selection.nodes).toEqual([]);
  });

  it('follows a newer version while clean, and asks while it has changes', () => {
    const two = { nodes: [...ONE.nodes, { id: 'b', type: 'delay' }], edges: [] };
    const clean = createDraftStore(flowWith(ONE));
    const dirty = createDraftStore(flowWith(ONE));
    dirty.getState().apply(updateNode('a', { name: 'Mine' }));

    clean.getState().receive(flowWith(two, 2));
    dirty.getState().receive(flowWith(two, 2));

    expect(clean.getState().present.nodes).toHaveLength(2);
    expect(dirty.getState().conflict?.version).toBe(2);
    dirty.getState().keepMine();
    expect(dirty.getState()).toMatchObject({ version: 2, conflict: null });
    expect(isDirty(dirty.getState())).toBe(true);
  });

  it('keeps its changes when only the settings of the flow are newer', () => {
    const store = createDraftStore(flowWith(ONE));
    store.getState().apply(updateNode('a', { name: 'Mine' }));

    store.getState().receive({ ...flowWith(structuredClone(ONE), 2), retry_count: 9 });

    expect(store.getState()).toMatchObject({ version: 2, conflict: null });
    expect(isDirty(store.getState())).toBe(true);
  });
});

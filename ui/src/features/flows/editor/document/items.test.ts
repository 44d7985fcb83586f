import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { aFlow } from '@/testing/a-flow';
import { createDraftStore } from './draft-store';
import { addItem, drawnId, frameAround, freeBox, type Item, itemsOf, membersOf, updateItem } from './items';

const node = (id: string, x: number, y = 0) => ({ id, type: 'delay', position: { x, y } });
const note = (id: string, change: Partial<Item> = {}): Item => ({
  ...{ kind: 'note', id, text: 'Why', tone: 'info', x: 0, y: 0, width: 100, height: 80 },
  ...change,
});
const frame = (id: string, change: Partial<Item> = {}) =>
  note(id, { kind: 'group', text: 'Checks', x: -20, y: -40, width: 300, height: 200, ...change });

function aGraph(...items: Item[]): FlowDefinition {
  const graph = { nodes: [node('a', 0), node('b', 1_000)], edges: [] } as FlowDefinition;
  return items.reduce((now, item) => addItem(item)(now), graph);
}

function anEditor(...items: Item[]) {
  const store = createDraftStore(aFlow({ id: 'f', flow_definition: aGraph(...items) }));
  const at = (id: string) => store.getState().graph.nodes.find((one) => one.id === id)?.position;
  return { store, at, state: () => store.getState() };
}

describe('notes and groups', () => {
  it('are in the ui of the graph, under free ids, beside what others keep there', () => {
    const graph = { ...aGraph(note('note'), note('note'), frame('group')) };

    expect(graph.ui).toEqual({
      notes: [
        { id: 'note', text: 'Why', tone: 'info', x: 0, y: 0, width: 100, height: 80 },
        { id: 'note_2', text: 'Why', tone: 'info', x: 0, y: 0, width: 100, height: 80 },
      ],
      groups: [{ id: 'group', title: 'Checks', tone: 'info', x: -20, y: -40, width: 300, height: 200 }],
    });
    const other = { ...graph, ui: { ...(graph.ui as object), zoom: 2 } } as FlowDefinition;
    expect(updateItem('note', { text: 'Because' })(other).ui).toMatchObject({
      zoom: 2,
      notes: [{ text: 'Because' }, {}],
    });
    expect(updateItem('note', { text: 'Why' })(other)).toBe(other);
  });

  it('are not drawn where they cannot be read', () => {
    for (const ui of [null, 5, { notes: 'x', groups: [null, {}, { id: 'g', x: 1 }] }]) {
      expect(itemsOf({ ...aGraph(), ui } as unknown as FlowDefinition)).toEqual([]);
    }
  });

  it('a group has what lies in its frame, and moves it in one step that can be undone', () => {
    const { store, at, state } = anEditor(frame('g'), note('n', { x: 10, y: 60 }), note('far', { x: 900 }));
    expect(membersOf(state().graph, 'g')).toEqual(['a', drawnId('n')]);

    const position = { x: 80, y: -30 };
    state().changeNodes([{ id: drawnId('g'), type: 'position', position, dragging: true }]);
    expect(state().canvas.nodes[0]?.position).toEqual({ x: 100, y: 10 });
    expect(at('a')).toEqual({ x: 0, y: 0 });
    state().changeNodes([{ id: drawnId('g'), type: 'position', position, dragging: false }]);

    expect([at('a'), at('b')]).toEqual([
      { x: 100, y: 10 },
      { x: 1_000, y: 0 },
    ]);
    expect(itemsOf(state().graph).map(({ id, x }) => [id, x])).toEqual([
      ['g', 80],
      ['n', 110],
      ['far', 900],
    ]);
    state().undo();
    expect(at('a')).toEqual({ x: 0, y: 0 });
    expect(store.getState().present).toBe(store.getState().saved);
  });

  it('are selected, copied, pasted and deleted with nodes', () => {
    const { state } = anEditor(frame('g'), note('n'));
    state().changeNodes([
      { id: drawnId('n'), type: 'select', selected: true },
      { id: 'a', type: 'select', selected: true },
    ]);
    expect(state().selection).toMatchObject({ nodes: ['a'], items: ['n'] });

    state().paste(state().copy());
    expect(state().selection).toMatchObject({ nodes: ['a_2'], items: ['n_2'] });
    expect(itemsOf(state().graph).map(({ id, x }) => [id, x])).toEqual([
      ['g', -20],
      ['n', 0],
      ['n_2', 40],
    ]);
    state().deleteSelected();
    expect(itemsOf(state().graph).map(({ id }) => id)).toEqual(['g', 'n']);
    expect(state().graph.nodes.map(({ id }) => id)).toEqual(['a', 'b']);
    state().select({ items: ['n'] });
    expect(state().paste(state().copy(), { x: 500, y: 500 })).toMatchObject({ leftOut: [] });
    expect(itemsOf(state().graph).at(-1)).toMatchObject({ kind: 'note', text: 'Why', x: 500, y: 500 });
  });

  it('have their place below what is there', () => {
    const box = { x: 50, y: -20, width: 100, height: 50 };

    expect(freeBox(aGraph(note('n', { y: 70 })), box)).toEqual({ ...box, y: 170 });
    expect(freeBox(aGraph(), { ...box, x: 300 })).toEqual({ ...box, x: 300 });
  });

  it('a frame has room around what it is drawn around', () => {
    expect(frameAround(aGraph(), ['a', 'b'])).toEqual({ x: -24, y: -48, width: 1_224, height: 132 });
    expect(frameAround(aGraph(), [])).toBeNull();
  });
});

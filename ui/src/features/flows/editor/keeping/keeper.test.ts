// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FlowDraft } from '@/api/flow-drafts';
import { Problem } from '@/api/problem';
import type { FlowDefinition } from '@/api/types';
import { aFlow } from '@/testing/a-flow';
import { addNode } from '../document/commands';
import { createDraftStore } from '../document/draft-store';
import { createKeeper } from './keeper';
import { readLocalCopy, writeLocalCopy } from './local-copy';
import { openingOf } from './opening';

const node = (id: string) => ({ id, type: 'delay', position: { x: 0, y: 0 } });
const flow = aFlow({ id: 'f', version: 3, flow_definition: { nodes: [node('a')], edges: [] } });
const graph = (...ids: string[]): FlowDefinition => ({ nodes: ids.map(node), edges: [] });

/** A server that keeps the draft of one flow. */
function aServer(kept: FlowDraft | null = null) {
  const server = {
    kept,
    isAway: false,
    get: vi.fn(async () => server.kept),
    put: vi.fn(
      async (_: string, change: { definition: FlowDefinition; baseVersion: number; replaces: number | null }) => {
        if (server.isAway) throw new Problem(0, 'away', 'The server is away.');
        if ((server.kept?.revision ?? null) !== change.replaces)
          throw new Problem(409, '', '', '/problems#draft-conflict');
        server.kept = draft((change.replaces ?? 0) + 1, change.definition, change.baseVersion);
        return server.kept;
      },
    ),
    discard: vi.fn(async () => {
      server.kept = null;
    }),
  };
  return server;
}

function draft(revision: number, definition: FlowDefinition, base_version = 3): FlowDraft {
  const flow_definition = definition as unknown as FlowDraft['flow_definition'];
  return { revision, base_version, flow_definition, updated_at: '2026-11-30T12:00:00Z', updated_by: 'Ann' };
}

function anEditor(server = aServer()) {
  const opening = openingOf(flow, server.kept, readLocalCopy('f'));
  const store = createDraftStore(flow, opening.draft);
  const keeper = createKeeper('f', store, opening, server);
  const stop = keeper.start();
  const add = (id: string) => store.getState().apply(addNode(node(id), { at: { x: 0, y: 0 } }));
  const ids = () => store.getState().present.nodes.map(({ id }) => id);
  return { store, keeper, stop, add, ids, at: () => keeper.keeping.getState().at };
}

const a_moment = () => vi.advanceTimersByTimeAsync(1_000);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
});

describe('the keeper of a draft', () => {
  it('has each change in the browser at once, and on the server a moment later', async () => {
    const server = aServer();
    const editor = anEditor(server);

    editor.add('b');

    expect(readLocalCopy('f')?.definition.nodes).toHaveLength(2);
    expect([editor.at(), server.put.mock.calls.length]).toEqual(['sending', 0]);
    editor.add('c');
    await a_moment();
    expect([editor.at(), server.put.mock.calls.length, server.kept?.revision]).toEqual(['server', 1, 1]);
    expect(readLocalCopy('f')).toBeNull();
    expect(anEditor(server).ids()).toEqual(['a', 'b', 'c']);
  });

  it('discards the draft when the last change is undone', async () => {
    const server = aServer();
    const editor = anEditor(server);
    editor.add('b');
    await a_moment();

    editor.store.getState().undo();
    await a_moment();

    expect([server.kept, editor.at()]).toEqual([null, 'server']);
  });

  it('goes on from what only this browser has, and sends it when the server is back', async () => {
    const server = aServer();
    const editor = anEditor(server);
    server.isAway = true;
    editor.add('b');
    await a_moment();
    expect(editor.at()).toBe('browser');
    expect(editor.keeper.keeping.getState().reason).toBe('The server is away.');
    editor.stop();

    const again = anEditor(server);
    expect(again.ids()).toEqual(['a', 'b']);
    server.isAway = false;
    await vi.advanceTimersByTimeAsync(6_000);

    expect([again.at(), server.kept?.revision]).toEqual(['server', 1]);
  });

  it('asks which one to keep when somebody else has changed the draft', async () => {
    const server = aServer(draft(5, graph('a', 'x')));
    const editor = anEditor(server);
    server.kept = draft(6, graph('a', 'x', 'y'));
    editor.add('b');
    await a_moment();

    expect(editor.keeper.keeping.getState().theirs?.revision).toBe(6);
    expect(readLocalCopy('f')?.definition.nodes).toHaveLength(3);
    editor.keeper.keepMine();
    await a_moment();
    expect([server.kept?.revision, editor.at()]).toEqual([7, 'server']);
    server.kept = draft(8, graph('a'));
    await editor.keeper.look(8);
    editor.keeper.loadTheirs(graph('a'));
    expect(editor.ids()).toEqual(['a']);
    editor.store.getState().undo();
    expect(editor.ids()).toEqual(['a', 'x', 'b']);
  });

  it('offers what this browser has left where the draft was changed since', async () => {
    writeLocalCopy('f', { definition: graph('a', 'mine'), baseVersion: 3, replaces: 4, at: 1 });
    const editor = anEditor(aServer(draft(5, graph('a', 'theirs'))));

    expect(editor.ids()).toEqual(['a', 'theirs']);
    editor.keeper.useLeftover();
    await a_moment();

    expect(editor.ids()).toEqual(['a', 'mine']);
    expect([editor.at(), editor.keeper.keeping.getState().leftover]).toEqual(['server', null]);
  });

  it('ends the draft that was saved, and keeps what was changed meanwhile', async () => {
    const server = aServer();
    const editor = anEditor(server);
    editor.add('b');
    const saved = editor.store.getState().present;
    const revision = await editor.keeper.flush();
    expect(revision).toBe(1);

    server.kept = null;
    editor.add('c');
    editor.store.getState().saveDone({ ...flow, version: 4, flow_definition: saved }, saved);
    editor.keeper.saved(revision);
    await a_moment();

    expect(server.put.mock.lastCall?.[1].baseVersion).toBe(4);
    expect(editor.at()).toBe('server');
  });

  it('says which version a draft is behind', () => {
    const editor = anEditor(aServer(draft(1, graph('a', 'b'), 2)));

    expect(editor.store.getState().conflict?.version).toBe(3);
    editor.store.getState().keepMine();
    expect([editor.store.getState().version, editor.ids()]).toEqual([3, ['a', 'b']]);
  });
});

import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { deleteSelection, renameNode } from './commands';
import { nodeById, undoChoices, undoneBy } from './definition';
import { scopeOfNode } from './scope';
import { toCanvas } from './to-canvas';

const node = (id: string, compensate_with?: string) => ({
  id,
  type: 'action',
  action: 'http_request',
  ...(compensate_with && { compensate_with }),
});

const FLOW: FlowDefinition = {
  nodes: [node('reserve', 'release'), node('charge'), node('release'), node('refund')],
  edges: [{ from: 'reserve', to: 'charge' }],
};

describe('nodes that undo others', () => {
  it('are linked on the canvas, and the link is no edge that could be deleted', () => {
    const { edges } = toCanvas(FLOW, { faults: [], warnings: [] }, { nodes: [], edges: [] });

    expect(edges.map(({ id, source, target }) => [id, source, target])).toEqual([
      ['["reserve","charge"]', 'reserve', 'charge'],
      ['undo/reserve', 'reserve', 'release'],
    ]);
    expect(edges[1]).toMatchObject({ deletable: false, selectable: false, data: { kind: 'undo' } });
  });

  it('are those without connections that undo no other', () => {
    const choices = (id: string) => undoChoices(FLOW, nodeById(FLOW, id) ?? node('')).map((one) => one.id);

    expect(choices('charge')).toEqual(['refund']);
    expect(choices('reserve')).toEqual(['release', 'refund']);
    expect(undoneBy(FLOW, 'release')?.id).toBe('reserve');
  });

  it('keep their link when they are renamed, and lose it when they are deleted', () => {
    const renamed = renameNode('release', 'give_back')(FLOW);
    const deleted = deleteSelection({ nodes: ['release'], edges: [] })(FLOW);

    expect(nodeById(renamed, 'reserve')?.compensate_with).toBe('give_back');
    expect(nodeById(deleted, 'reserve')).not.toHaveProperty('compensate_with');
  });

  it('may read all nodes of the flow, and why it ends', () => {
    const names = scopeOfNode(FLOW, 'release', undefined).map(({ name }) => name);

    expect(names).toEqual(expect.arrayContaining(['execution.error.message', 'reserve', 'charge']));
    expect(names).not.toContain('release');
    expect(scopeOfNode(FLOW, 'charge', undefined).map(({ name }) => name)).not.toContain('execution.error.message');
  });
});

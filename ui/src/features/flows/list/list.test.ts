import { describe, expect, test } from 'vitest';
import type { ExecutionRow } from '@/api/types';
import { aFlow } from '@/testing/a-flow';
import { type FlowFilters, fittingFlows, tagsOf } from './filter-flows';
import { copyName, documentOf, readDocument } from './flow-document';
import { foldersOf, subfoldersOf } from './folders';
import { withRow } from './recent';

const row = (id: string, status: ExecutionRow['status']) => ({ id, status }) as ExecutionRow;

describe('the list of flows', () => {
  test('leaves archived flows out unless requested', () => {
    const flows = [aFlow({ id: 'a' }), aFlow({ id: 'b', status: 'archived' })];

    expect(fittingFlows(flows, {}).map(({ id }) => id)).toEqual(['a']);
    expect(fittingFlows(flows, { status: 'archived' }).map(({ id }) => id)).toEqual(['b']);
  });

  test('finds every word, in names, descriptions, categories and tags', () => {
    const flows = [
      aFlow({ id: 'a', tags: ['risk'] }),
      aFlow({ id: 'b', description: 'Vendor risk' }),
      aFlow({ id: 'c' }),
    ];

    expect(fittingFlows(flows, { q: 'RISK vendor' }).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('shows a folder itself, and finds what is below it', () => {
    const flows = [
      aFlow({ id: 'a', folder: 'x', name: 'One' }),
      aFlow({ id: 'b', folder: 'x/y', name: 'One' }),
      aFlow({ id: 'c', folder: 'xy', name: 'One' }),
      aFlow({ id: 'd', name: 'One' }),
    ];
    const ids = (filters: FlowFilters) => fittingFlows(flows, filters).map(({ id }) => id);

    expect(ids({})).toEqual(['d']);
    expect(ids({ folder: 'x' })).toEqual(['a']);
    expect(ids({ folder: 'x', q: 'one' })).toEqual(['a', 'b']);
    expect(ids({ q: 'one' })).toEqual(['a', 'b', 'c', 'd']);
    expect(subfoldersOf(flows, undefined)).toEqual([
      { path: 'x', name: 'x', flows: 2 },
      { path: 'xy', name: 'xy', flows: 1 },
    ]);
    expect(subfoldersOf(flows, 'x')).toEqual([{ path: 'x/y', name: 'y', flows: 1 }]);
    expect(foldersOf([aFlow({ folder: 'a/b' }), aFlow({ folder: 'a' })])).toEqual(['a', 'a/b']);
  });

  test('offers the most used tags first', () => {
    expect(tagsOf([aFlow({ tags: ['b', 'a'] }), aFlow({ tags: ['a'] })])).toEqual(['a', 'b']);
  });
});

describe('recent executions', () => {
  test('prepend new ones and update known ones', () => {
    const rows = [row('2', 'running'), row('1', 'completed')];

    expect(withRow(rows, row('2', 'failed'), 2)).toEqual([row('2', 'failed'), row('1', 'completed')]);
    expect(withRow(rows, row('3', 'pending'), 2)).toEqual([row('3', 'pending'), row('2', 'running')]);
  });
});

describe('flow documents', () => {
  test('are exported without their identity, and imported unchanged', () => {
    const document = documentOf(aFlow({ retry_count: 3, timeout_seconds: null }));

    expect(document).not.toHaveProperty('id');
    expect(document).not.toHaveProperty('timeout_seconds');
    expect(readDocument(JSON.stringify(document))).toEqual({ document });
  });

  test('may be API responses, or bare nodes and edges', () => {
    const definition = { nodes: [], edges: [] };

    expect(readDocument('{"id": "x", "version": 3, "name": "A", "flow_definition": {}}')).toEqual({
      document: { name: 'A', flow_definition: {} },
    });
    expect(readDocument(JSON.stringify(definition), 'my flow')).toEqual({
      document: { name: 'my flow', flow_definition: definition },
    });
    expect(readDocument('[]')).toHaveProperty('fault');
  });

  test('are copied under an unused name', () => {
    expect(copyName('Review', new Set())).toBe('Review (copy)');
    expect(copyName('Review (copy)', new Set(['Review (copy)']))).toBe('Review (copy 2)');
  });
});

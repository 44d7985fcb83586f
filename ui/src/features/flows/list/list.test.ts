import { describe, expect, test } from 'vitest';
import type { ExecutionRow, Flow } from '@/api/types';
import { fittingFlows, tagsOf } from './filter-flows';
import { copyName, documentOf, readDocument } from './flow-document';
import { withRow } from './recent';

const flow = (change: Partial<Flow>): Flow => ({
  id: 'f',
  version: 1,
  status: 'active',
  created_at: '2026-11-24T00:00:00Z',
  updated_at: '2026-11-24T00:00:00Z',
  name: 'Vendor review',
  description: '',
  tags: [],
  is_template: false,
  retry_on_failure: false,
  retry_count: 0,
  category: null,
  max_concurrent_executions: null,
  concurrency_key: null,
  max_concurrent_per_key: null,
  priority: null,
  debounce_seconds: null,
  max_delay_seconds: null,
  budget: null,
  context_id_template: null,
  context_type_default: null,
  timeout_seconds: null,
  flow_definition: { nodes: [{ id: 'a', type: 'trigger' }], edges: [] },
  ...change,
});

const row = (id: string, status: ExecutionRow['status']) => ({ id, status }) as ExecutionRow;

describe('the list of flows', () => {
  test('leaves archived flows out unless requested', () => {
    const flows = [flow({ id: 'a' }), flow({ id: 'b', status: 'archived' })];

    expect(fittingFlows(flows, {}).map(({ id }) => id)).toEqual(['a']);
    expect(fittingFlows(flows, { status: 'archived' }).map(({ id }) => id)).toEqual(['b']);
  });

  test('finds every word, in names, descriptions, categories and tags', () => {
    const flows = [flow({ id: 'a', tags: ['risk'] }), flow({ id: 'b', description: 'Vendor risk' }), flow({ id: 'c' })];

    expect(fittingFlows(flows, { q: 'RISK vendor' }).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('offers the most used tags first', () => {
    expect(tagsOf([flow({ tags: ['b', 'a'] }), flow({ tags: ['a'] })])).toEqual(['a', 'b']);
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
    const document = documentOf(flow({ retry_count: 3, timeout_seconds: null }));

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

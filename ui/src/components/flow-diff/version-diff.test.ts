import { describe, expect, test } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { parseJson } from '@/lib/json';
import { INHERITED_NAMES } from '@/testing/names';
import { diffVersions, isEmptyDiff } from './version-diff';

const version = (definition: FlowDefinition, settings: object = {}) => ({
  name: 'Vendor review',
  description: '',
  tags: ['a'],
  is_template: false,
  retry_on_failure: true,
  retry_count: 3,
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
  sensitive: null,
  timeout_seconds: null,
  flow_definition: definition,
  ...settings,
});

describe('the difference between two versions', () => {
  test('lists settings with old and new values', () => {
    const before = version({ nodes: [], edges: [] }, { timeout_seconds: null });
    const after = version({ nodes: [], edges: [] }, { retry_count: 5, tags: ['a', 'b'], timeout_seconds: 60 });

    expect(diffVersions(before, after).settings).toEqual([
      { path: 'tags', before: ['a'], after: ['a', 'b'] },
      { path: 'retry_count', before: 3, after: 5 },
      { path: 'timeout_seconds', before: null, after: 60 },
    ]);
  });

  test('lists added, removed and changed nodes with their changes', () => {
    const before = version({
      nodes: [
        { id: 'a', type: 'action', action: 'http_request', input: { url: 'https://a', method: 'GET' } },
        { id: 'b', type: 'delay' },
      ],
      edges: [{ from: 'a', to: 'b' }],
    });
    const after = version({
      nodes: [
        { id: 'a', type: 'action', action: 'http_request', input: { url: 'https://b', method: 'GET' } },
        { id: 'c', name: 'Merge', type: 'merge' },
      ],
      edges: [{ from: 'a', to: 'c', condition: true }],
    });

    const diff = diffVersions(before, after);

    expect(diff.nodes.map(({ kind, name, type }) => [kind, name, type])).toEqual([
      ['changed', 'a', 'http_request'],
      ['added', 'Merge', 'merge'],
      ['removed', 'b', 'delay'],
    ]);
    expect(diff.nodes[0]?.changes).toEqual([{ path: 'input.url', before: 'https://a', after: 'https://b' }]);
    expect(diff.edges.map(({ kind, to }) => [kind, to])).toEqual([
      ['added', 'c'],
      ['removed', 'b'],
    ]);
  });

  test('counts notes and groups that differ', () => {
    const note = (text: string) => ({ id: text, text, x: 0, y: 0, width: 100, height: 80 });
    const withUi = (ui: unknown) => version({ nodes: [], edges: [], ui } as unknown as FlowDefinition);

    const diff = diffVersions(withUi({ notes: [note('a'), note('b')] }), withUi({ notes: [note('b'), note('c')] }));

    expect([diff.items, isEmptyDiff(diff)]).toEqual([2, false]);
    expect(diffVersions(withUi({ notes: [note('a')] }), withUi({ notes: [note('a')], groups: [] })).items).toBe(0);
    expect(diffVersions(withUi(undefined), withUi('else')).items).toBe(0);
  });

  test('counts nodes that were only moved, and ignores the order of keys', () => {
    const before = version({ nodes: [{ id: 'a', type: 'merge', position: { x: 0, y: 0 } }], edges: [] });
    const moved = version({ nodes: [{ type: 'merge', id: 'a', position: { x: 9, y: 0 } }], edges: [] });

    expect(diffVersions(before, moved)).toEqual({ settings: [], nodes: [], edges: [], moved: 1, items: 0 });
    expect(isEmptyDiff(diffVersions(before, before))).toBe(true);
  });
});

test.each(INHERITED_NAMES)('a key %s is new where it was not before', (name) => {
  const flow = (input: string) =>
    version({ nodes: [{ id: name, type: 'action', input: parseJson(input) }], edges: [] });

  expect(diffVersions(flow('{}'), flow(`{"${name}":1}`)).nodes[0]?.changes).toEqual([
    { path: `input.${name}`, before: undefined, after: 1 },
  ]);
});

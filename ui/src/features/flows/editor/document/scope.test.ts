import { expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { nodeType } from './samples';
import { scopeOfEdge, scopeOfNode } from './scope';

const FLOW: FlowDefinition = {
  nodes: [
    {
      id: 'get-it',
      type: 'action',
      action: 'http_request',
      input: { url: `https://a.test/\${trigger_data.vendor_id}` },
    },
    { id: 'shape', type: 'action', action: 'transform', input: { risk: 1 } },
    { id: 'sorry', type: 'action', action: 'echo' },
    { id: 'beside', type: 'delay' },
  ],
  edges: [
    { from: 'get-it', to: 'shape' },
    { from: 'get-it', to: 'sorry', on: 'error' },
  ],
};
const catalogue = {
  common: {},
  types: [
    nodeType({ type: 'action', action: 'http_request', output: { properties: { status: {}, body: {} } } }),
    nodeType({ type: 'action', action: 'transform', traits: { returns_input: true } }),
  ],
};
const namesOf = (names: { name: string }[]) => names.map(({ name }) => name);

it('offers the nodes that ran before, with their known fields', () => {
  const names = namesOf(scopeOfNode(FLOW, 'shape', catalogue));

  expect(names).toEqual(expect.arrayContaining(['nodes["get-it"].output', 'nodes["get-it"].output.status']));
  expect(names).toContain('trigger_data.vendor_id');
  expect(names).not.toContain('beside');
});

it('offers errors only on an error path', () => {
  const onError = namesOf(scopeOfNode(FLOW, 'sorry', catalogue));

  expect(onError).toContain('nodes["get-it"].error.class');
  expect(onError).not.toContain('nodes["get-it"].output');
  expect(namesOf(scopeOfNode(FLOW, 'shape', catalogue))).not.toContain('nodes["get-it"].error.class');
});

it('offers an edge its source node', () => {
  expect(namesOf(scopeOfEdge(FLOW, { from: 'shape' }, catalogue))).toContain('shape.risk');
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { expect, it } from 'vitest';
import type { FlowNode } from '@/api/types';
import { TRIGGER } from './pins';
import { readBy } from './read-by';

const OTHERS: FlowNode[] = [
  { id: 'start', type: 'trigger' },
  { id: 'score', type: 'agent' },
  { id: 'fetch-data', type: 'action' },
  { id: 'risk', type: 'action' },
];

function read(node: Omit<FlowNode, 'id'>, from: string[] = []): string[] {
  const self = { id: 'self', ...node } as FlowNode;
  return readBy({ nodes: [...OTHERS, self], edges: from.map((id) => ({ from: id, to: 'self' })) }, self);
}

it('finds the nodes that templates use, and the trigger data', () => {
  const input = {
    text: 'Of ${trigger_data.vendor}: ${score.risk | default("risk")}',
    list: ['${nodes["fetch-data"].output.body}', 'risk', '${x.risk}', '${nodes.risk.error.class}'],
  };

  expect(read({ type: 'action', input })).toEqual([TRIGGER, 'score', 'fetch-data']);
});

it('reads conditions in both of their forms', () => {
  expect(read({ type: 'condition', condition: 'score.level > 3 and "fetch" != risk.x' })).toEqual(['score', 'risk']);
  expect(read({ type: 'condition', condition: { type: 'equals', field: 'score.x', value: '${risk.y}' } })).toEqual([
    'score',
    'risk',
  ]);
});

it('uses the predecessors of a node that passes its input on', () => {
  expect(read({ type: 'merge' }, ['risk', 'score'])).toEqual(['score', 'risk']);
  expect(read({ type: 'parallel' })).toEqual([TRIGGER]);
  expect(read({ type: 'trigger' })).toEqual([TRIGGER]);
  expect(read({ type: 'delay' }, ['risk'])).toEqual([]);
});

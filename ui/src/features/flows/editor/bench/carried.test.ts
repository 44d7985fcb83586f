import { expect, it } from 'vitest';
import type { FlowDefinition, FlowNode } from '@/api/types';
import { shapeOf } from '../document/shape';
import { doubtsOf } from './use-carried';

const edge = { from: 'fetch', to: 'report' };

function aGraph(report: object, condition?: unknown): FlowDefinition {
  const nodes = [
    { id: 'fetch', type: 'action', action: 'echo' },
    { id: 'report', type: 'action', action: 'transform', ...report },
  ] as FlowNode[];
  return { nodes, edges: [{ ...edge, ...(condition !== undefined && { condition }) }] };
}

it('says which fields that the target and the condition read may be missing', () => {
  const known = { shape: shapeOf({ status: 200, rows: [{ id: 1, tag: 'x' }, { id: 2 }] }), hasValue: true };
  const doubts = (report: object, condition?: unknown) =>
    doubtsOf(aGraph(report, condition), { ...edge, condition }, 'fetch', known);

  expect(doubts({ input: { a: `\${fetch.status}`, b: [`\${fetch.rows[0].id}`] } })).toEqual([]);
  expect(doubts({ input: { a: [`\${fetch.total}`] }, name: `\${fetch.other}` })).toEqual([
    '`fetch.total`: the pinned value has no field `total`; it has `status`, `rows`.',
  ]);
  expect(doubts({ input: `\${fetch.rows[0].tag} \${fetch.total | default(0)}` })).toHaveLength(1);
  expect(doubts({ condition: 'fetch.total > 1' })).toHaveLength(1);
  expect(doubts({}, 'fetch.missing == 1')).toHaveLength(1);
});

import { describe, expect, it } from 'vitest';
import type { ExecutionRow, NodeExecution } from '@/api/types';
import type { SseEvent } from '@/lib/sse';
import { applyChange, mergeChanges, needsWhole, RecordReader } from './changes';
import { aNode, anExecution } from './samples';

const nodeEvent = (node: NodeExecution): SseEvent => ({ id: '1', type: 'node', data: JSON.stringify(node) });
const rowEvent = (seq: number, row: Partial<ExecutionRow>): SseEvent => ({
  id: String(seq),
  type: 'execution',
  data: JSON.stringify({ ...anExecution(), ...row, seq: undefined, node_executions: undefined }),
});

describe('RecordReader', () => {
  it('returns a record when it is complete', () => {
    const reader = new RecordReader();

    const first = reader.push(nodeEvent(aNode({ status: 'running' })));
    const second = reader.push(rowEvent(2, {}));

    expect(first).toBeNull();
    expect(second).toMatchObject({ seq: 2 });
  });

  it('ignores an event that it cannot read', () => {
    const reader = new RecordReader();

    expect(reader.push({ id: '1', type: 'node', data: '{' })).toBeNull();
    expect(reader.push({ id: '1', type: 'execution', data: '7' })).toBeNull();
  });
});

describe('applyChange', () => {
  const before = anExecution({ seq: 4, node_executions: [aNode({ node_id: 'a' }), aNode({ node_id: 'b' })] });
  const change = (seq: number) => ({
    seq,
    row: { ...anExecution(), flow_name: null, status: 'failed' as const },
    nodes: new Map([['b', aNode({ node_id: 'b', status: 'failed' })]]),
  });

  it('applies changes and keeps the order of the nodes', () => {
    const after = applyChange(before, change(5));

    expect(after.node_executions.map((node) => [node.node_id, node.status])).toEqual([
      ['a', 'pending'],
      ['b', 'failed'],
    ]);
    expect(after).toMatchObject({ seq: 5, status: 'failed', flow_name: 'Retries run out' });
  });

  it('ignores a record that is repeated', () => {
    expect(applyChange(before, change(4))).toBe(before);
  });

  it('keeps every node of changes that are rendered together', () => {
    const earlier = { ...change(5), nodes: new Map([['a', aNode({ node_id: 'a', status: 'completed' })]]) };

    const merged = mergeChanges(earlier, change(6));

    expect(merged.seq).toBe(6);
    expect([...merged.nodes.keys()]).toEqual(['a', 'b']);
  });

  it('requests the whole execution when the status changed', () => {
    expect(needsWhole(before, change(5))).toBe(true);
    expect(needsWhole(before, { ...change(5), row: { ...anExecution() } })).toBe(false);
  });
});

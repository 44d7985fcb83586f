import { describe, expect, it } from 'vitest';
import type { NodeExecution } from '@/api/types';
import { parseJson, writeJson } from '@/lib/json';
import type { SseEvent } from '@/lib/sse';
import { applyChange, mergeChanges, needsWhole, RecordReader } from './changes';
import { aJournal, aNode, anExecution, aRecordEnd, happened } from './samples';

const nodeEvent = (node: NodeExecution): SseEvent => ({ id: '1', type: 'node', data: JSON.stringify(node) });
const rowEvent = (seq: number): SseEvent => ({
  id: String(seq),
  type: 'execution',
  data: JSON.stringify(aRecordEnd()),
});
const EVENTS = aJournal([0, happened.started], [0, happened.attempt(1)]);

describe('RecordReader', () => {
  it('returns a record when it is complete', () => {
    const reader = new RecordReader();

    const parts = EVENTS.map((event) => reader.push({ id: '1', type: 'journal', data: JSON.stringify(event) }));
    parts.push(reader.push(nodeEvent(aNode({ status: 'running' }))));
    const whole = reader.push(rowEvent(2));
    const next = reader.push(rowEvent(3));

    expect(parts).toEqual([null, null, null]);
    expect(whole).toMatchObject({ seq: 2, events: EVENTS });
    expect(next).toMatchObject({ seq: 3, events: [], nodes: new Map() });
  });

  it('keeps the digits of numbers', () => {
    const reader = new RecordReader();
    const output = '{"id":1234567890123456789,"price":19.90}';
    const node = writeJson({ ...aNode({}), output_data: parseJson(output) });

    reader.push({ id: '1', type: 'node', data: node });
    const change = reader.push(rowEvent(2));

    const nodes = change === null || change === 'snapshot' ? [] : [...change.nodes.values()];
    expect(nodes.map((one) => writeJson(one.output_data))).toEqual([output]);
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
    row: aRecordEnd({ flow_name: null, status: 'failed' }),
    nodes: new Map([['b', aNode({ node_id: 'b', status: 'failed' })]]),
    events: EVENTS.slice(1),
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

  it('keeps every node and event of changes that are rendered together', () => {
    const nodes = new Map([['a', aNode({ node_id: 'a', status: 'completed' })]]);
    const earlier = { ...change(5), nodes, events: EVENTS.slice(0, 1) };

    const merged = mergeChanges(earlier, change(6));

    expect(merged.seq).toBe(6);
    expect([...merged.nodes.keys()]).toEqual(['a', 'b']);
    expect(merged.events).toEqual(EVENTS);
  });

  it('requests the whole execution when the status changed', () => {
    expect(needsWhole(before, change(5))).toBe(true);
    expect(needsWhole(before, { ...change(5), row: aRecordEnd() })).toBe(false);
  });
});

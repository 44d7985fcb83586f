// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { describe, expect, test } from 'vitest';
import type { FlowNode } from '@/api/types';
import { parseJson, writeJson } from '@/lib/json';
import { draftsOf, readFields, triggerFields } from './trigger-fields';

const flowOf = (nodes: FlowNode[], context_id_template: string | null = null) => ({
  context_id_template,
  flow_definition: { nodes, edges: [] },
});

describe('the form for trigger data', () => {
  test('has the fields that the nodes and the reference ID read', () => {
    const flow = flowOf(
      [
        { id: 'score', name: 'Score vendor', type: 'agent', input: { vendor: '${trigger_data.vendor_id}' } },
        { id: 'check', type: 'condition', condition: "trigger_data.amount > 100 and trigger_data['region'] == 'EU'" },
        { id: 'old', type: 'condition', condition: { type: 'less_than', field: 'trigger_data.age', value: 30 } },
      ],
      'vendor-${trigger_data.vendor_id}',
    );

    const fields = triggerFields(flow).map(({ key, kind, usedBy }) => ({ key, kind, usedBy }));

    expect(fields).toEqual([
      { key: 'vendor_id', kind: 'text', usedBy: ['Score vendor'] },
      { key: 'amount', kind: 'number', usedBy: ['check'] },
      { key: 'region', kind: 'text', usedBy: ['check'] },
      { key: 'age', kind: 'number', usedBy: ['old'] },
    ]);
  });

  test('has the innermost of nested fields, and lists as JSON', () => {
    const flow = flowOf([
      { id: 'a', type: 'action', input: { all: '${trigger_data.vendor}', id: '${trigger_data.vendor.id}' } },
      {
        id: 'b',
        type: 'action',
        input: { first: '${trigger_data.items[0].name}', up: '${trigger_data.name.upper()}' },
      },
    ]);

    expect(triggerFields(flow).map(({ key, kind }) => [key, kind])).toEqual([
      ['vendor.id', 'text'],
      ['items', 'json'],
      ['name', 'text'],
    ]);
  });

  test('becomes trigger data without empty fields', () => {
    const fields = triggerFields(
      flowOf([
        { id: 'a', type: 'action', input: '${trigger_data.vendor.id} ${trigger_data.amount * 2} ${trigger_data.note}' },
      ]),
    );
    const drafts = {
      'vendor.id': { text: '007', kind: 'text' as const },
      amount: { text: '12.5', kind: 'number' as const },
      note: { text: ' ', kind: 'text' as const },
    };

    const reading = readFields(fields, drafts, { note: 'old', other: true });

    expect(reading).toEqual({ value: { other: true, vendor: { id: '007' }, amount: 12.5 } });
    expect(draftsOf(fields, { vendor: { id: 7 } })['vendor.id']).toEqual({ text: '7', kind: 'number' });
  });

  test('keeps the digits of numbers, typed and from the last run', () => {
    const fields = triggerFields(
      flowOf([
        { id: 'a', type: 'action', input: '${trigger_data.amount * 2} ${trigger_data.id * 2} ${trigger_data.all[0]}' },
      ]),
    );
    const data = '{"amount":19.90,"id":1234567890123456789,"all":[1.0,-0]}';

    const drafts = draftsOf(fields, parseJson(data));
    const reading = readFields(fields, drafts, {});
    const typed = readFields(fields, { ...drafts, amount: { text: '20,00', kind: 'number' } }, {});

    expect([drafts.amount?.text, drafts.id?.text]).toEqual(['19.90', '1234567890123456789']);
    expect(writeJson('value' in reading && reading.value)).toBe(data);
    expect(writeJson('value' in typed && typed.value)).toBe(data.replace('19.90', '20.00'));
  });

  test('says which field cannot be read', () => {
    const fields = triggerFields(flowOf([{ id: 'a', type: 'action', input: '${trigger_data.amount + 1}' }]));

    expect(readFields(fields, { amount: { text: 'many', kind: 'number' } }, {})).toEqual({
      fault: 'Not a number.',
      key: 'amount',
    });
  });
});

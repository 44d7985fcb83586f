import { describe, expect, test } from 'vitest';
import { jsonText, parseJson, writeJson } from '@/lib/json';
import { INHERITED_NAMES } from '@/testing/names';
import { draftsOf, type FieldDraft, readFields, type TriggerInput, triggerFields } from './trigger-fields';

const input: TriggerInput = {
  fields: [
    { path: ['vendor', 'id'], type: 'any', used_by: ['Score vendor'] },
    { path: ['amount'], type: 'number', used_by: [] },
    { path: ['is_new'], type: 'boolean', used_by: [] },
    { path: ['note'], type: 'text', used_by: [] },
    { path: ['items'], type: 'json', used_by: [] },
  ],
};
const fields = triggerFields(input);

const drafts = (texts: Record<string, string>): Record<string, FieldDraft> =>
  Object.fromEntries(fields.map(({ key, kind }) => [key, { text: texts[key] ?? '', kind }]));

/** What would be sent. */
function sent(texts: Record<string, string>, rest = {}): string {
  const reading = readFields(fields, drafts(texts), rest);
  return 'value' in reading ? writeJson(reading.value) : `${reading.key}: ${reading.fault}`;
}

describe('the form for trigger data', () => {
  test('has the fields that the server derives', () => {
    expect(fields[0]).toEqual({
      key: 'vendor.id',
      path: ['vendor', 'id'],
      kind: 'any',
      usedBy: ['Score vendor'],
    });
    expect(triggerFields(undefined)).toEqual([]);
  });

  test('becomes trigger data without empty fields', () => {
    expect(sent({ 'vendor.id': '007', amount: '12.5', note: ' ' }, { note: 'old', other: true })).toBe(
      '{"other":true,"vendor":{"id":"007"},"amount":12.5}',
    );
    expect(sent({ note: '82', is_new: 'false', items: '[1]' })).toBe('{"is_new":false,"note":"82","items":[1]}');
  });

  test('of a field whose type is not known, JSON is JSON and the rest is text', () => {
    for (const [typed, value] of Object.entries({
      '82': '82',
      true: 'true',
      '{"a": 1}': '{"a":1}',
      'v-17': '"v-17"',
    })) {
      expect(sent({ 'vendor.id': typed })).toBe(`{"vendor":{"id":${value}}}`);
    }
  });

  test('keeps the digits that were typed, and those of the last run', () => {
    expect(sent({ amount: '19.90' })).toBe('{"amount":19.90}');
    expect(sent({ amount: '1234567890123456789' })).toBe('{"amount":1234567890123456789}');
    const data = parseJson('{"amount": 19.90, "vendor": {"id": 1234567890123456789}}');
    const reading = readFields(fields, draftsOf(fields, data), {});
    expect('value' in reading && jsonText(reading.value)).toContain('1234567890123456789');
    expect('value' in reading && writeJson(reading.value)).toContain('"amount":19.90');
  });

  test('says which field cannot be read', () => {
    expect(sent({ amount: 'many' })).toBe('amount: Not a number.');
    expect(sent({ is_new: 'maybe' })).toBe('is_new: Choose true or false.');
  });
});

test.each(INHERITED_NAMES)('a field %s is empty until it is filled', (name) => {
  const named = triggerFields({
    fields: [
      { path: [name], type: 'text', used_by: [] },
      { path: ['inside', name], type: 'number', used_by: [] },
    ],
  });
  const data = parseJson(`{"${name}":"x","inside":{"${name}":1.50}}`);

  expect(readFields(named, {}, {})).toEqual({ value: {} });
  expect(Object.values(draftsOf(named, {})).map(({ text }) => text)).toEqual(['', '']);
  const reading = readFields(named, draftsOf(named, data), {});
  expect('value' in reading && writeJson(reading.value)).toBe(writeJson(data));
});

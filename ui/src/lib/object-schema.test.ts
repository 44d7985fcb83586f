import { describe, expect, test } from 'vitest';
import { jsonText, parseJson } from '@/lib/json';
import { INHERITED_NAMES } from '@/testing/names';
import {
  hiddenKeys,
  isObjectForm,
  renamed,
  type SchemaObject,
  withKey,
  withNewProperty,
  withoutProperty,
  withProperty,
  withRequired,
  withType,
} from './object-schema';

const schema = parseJson(`{
  "$id": "x",
  "type": "object",
  "properties": {
    "risk": { "type": "number", "minimum": 0.50, "maximum": 1e2, "multipleOf": 0.10 },
    "why": { "anyOf": [{ "type": "string" }, { "type": "null" }] }
  },
  "required": ["risk"],
  "additionalProperties": false
}`) as SchemaObject;

describe('the form of a schema', () => {
  test('changes what was changed and keeps everything else exactly', () => {
    const next = withRequired(renamed(schema, 'risk', 'score'), 'why', true);

    expect(jsonText(next)).toBe(
      jsonText(schema).replace('"risk": {', '"score": {').replace('"risk"\n', '"score",\n    "why"\n'),
    );
    expect(jsonText(next)).toContain('0.50');
    expect(jsonText(withProperty(schema, 'risk', { type: 'boolean' }))).toContain('"anyOf"');
  });

  test('names what it cannot show', () => {
    expect(hiddenKeys(schema)).toEqual(['$id', 'additionalProperties']);
    expect(hiddenKeys({ type: 'number', minimum: 0, multipleOf: 0.1 })).toEqual(['multipleOf']);
    expect(hiddenKeys({ anyOf: [] })).toEqual(['anyOf']);
    expect(hiddenKeys({ type: ['string', 'null'] })).toEqual(['type']);
    expect(hiddenKeys({ type: 'string', enum: ['a', 1] })).toEqual(['enum']);
    expect(hiddenKeys({ type: 'array', items: true })).toEqual(['items']);
    expect([{ type: 'object', properties: [] }, { type: 'array' }, [], true].some(isObjectForm)).toBe(false);
  });

  test('keeps what belongs to another type until it is removed as JSON', () => {
    const text = withType({ type: 'number', minimum: 1 }, 'string');

    expect(text).toEqual({ type: 'string', minimum: 1 });
    expect(hiddenKeys(text)).toEqual(['minimum']);
    expect(withType({ type: 'string' }, 'array')).toEqual({ type: 'array', items: { type: 'string' } });
  });

  test('removes a property with its mention, and no other', () => {
    const next = withoutProperty(schema, 'risk');

    expect(Object.keys(next.properties as object)).toEqual(['why']);
    expect('required' in next).toBe(false);
    expect(withKey({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 });
    expect(Object.keys(withNewProperty(withNewProperty(next)).properties as object)).toEqual([
      'why',
      'field_1',
      'field_2',
    ]);
  });

  test.each(INHERITED_NAMES)('takes %s as a name like any other', (name) => {
    const next = renamed(withNewProperty({ type: 'object' }), 'field_1', name);

    expect(Object.keys(next.properties as object)).toEqual([name]);
    expect(Object.keys(withoutProperty(next, name).properties as object)).toEqual([]);
  });
});

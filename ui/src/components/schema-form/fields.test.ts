import { expect, test } from 'vitest';
import { parseJson } from '@/lib/json';
import { exampleOf, faultOf, fieldsOf, initialValues, objectOf, withValue } from './fields';

const form = (properties: unknown, required: string[] = []) => ({ type: 'object', properties, required });

test('fields of every kind are read, with their titles, bounds and defaults', () => {
  const fields = fieldsOf(
    form(
      {
        name: { type: 'string', title: 'Name', description: 'Yours', minLength: 2, maxLength: 3, format: 'email' },
        count: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
        share: { type: 'number' },
        sure: { type: 'boolean' },
        colour: { type: 'string', enum: ['red', 'green', 'red'] },
        size: { type: 'string', oneOf: [{ const: 's', title: 'Small' }, { const: 'l' }] },
        days: { type: 'array', items: { type: 'string', enum: ['mon', 'tue'] }, minItems: 1, maxItems: 1 },
        ways: { type: 'array', items: { anyOf: [{ const: 'w', title: 'Walk' }] } },
      },
      ['name', 'sure'],
    ),
  );

  expect(fields?.map(({ kind, title, isRequired }) => [kind, title, isRequired])).toEqual([
    ['text', 'Name', true],
    ['number', 'count', false],
    ['number', 'share', false],
    ['boolean', 'sure', true],
    ['choice', 'colour', false],
    ['choice', 'size', false],
    ['choices', 'days', false],
    ['choices', 'ways', false],
  ]);
  expect(initialValues(fields ?? [])).toEqual(
    new Map<string, unknown>([
      ['count', 3],
      ['sure', false],
    ]),
  );
  const [name, count, , , colour, size, days] = fields ?? [];
  if (!name || !count || !colour || !size || !days) throw new Error('fields are missing');
  expect(colour.kind === 'choice' && colour.options.map(({ value }) => value)).toEqual(['red', 'green']);
  expect(size.kind === 'choice' && size.options.map(({ label }) => label)).toEqual(['Small', 'l']);
  expect(faultOf(name, undefined)).toBe('This is required.');
  expect(faultOf(name, 'a')).toBe('It must have 2 to 3 characters.');
  expect(faultOf(name, '😀😀😀')).toBeNull();
  expect([0, 10, 1.5, 5].map((value) => faultOf(count, value))).toEqual([
    'It must be 1 to 9.',
    'It must be 1 to 9.',
    'Not a whole number.',
    null,
  ]);
  expect(faultOf(colour, 'blue')).toBe('This is required.');
  expect([faultOf(days, ['mon', 'tue']), faultOf(days, ['mon']), faultOf(days, undefined)]).toEqual([
    'Choose 1 to 1.',
    null,
    null,
  ]);
});

test('what a form cannot show is left to others', () => {
  for (const schema of [
    null,
    'string',
    { type: 'array' },
    { type: 'object' },
    form({ a: { type: 'object', properties: {} } }),
    form({ a: { type: ['string', 'null'] } }),
    form({ a: { type: 'array', items: { type: 'object' } } }),
    form({ a: { type: 'string', enum: [1] } }),
    form({ a: 5 }),
    form({ a: { $ref: '#' } }),
  ]) {
    expect(fieldsOf(schema), JSON.stringify(schema)).toBeNull();
  }
  expect(fieldsOf(form({}))).toEqual([]);
});

test('names of objects are names like any other, and digits are kept', () => {
  const properties = parseJson('{"__proto__":{"type":"number"},"constructor":{"type":"string"},"2":{"type":"string"}}');
  const fields = fieldsOf(form(properties)) ?? [];

  expect(fields.map(({ name }) => name)).toEqual(['__proto__', 'constructor', '2']);
  let values = initialValues(fields);
  expect(objectOf(fields, values)).toEqual({});
  values = withValue(values, '__proto__', parseJson('19.90'));
  values = withValue(values, 'constructor', 'x');
  values = withValue(withValue(values, '2', 'y'), '2', undefined);

  expect(Object.entries(objectOf(fields, values)).map(([name, value]) => [name, String(value)])).toEqual([
    ['__proto__', '19.90'],
    ['constructor', 'x'],
  ]);
});

test('an example fills in what is required so that it fits, and what has a default', () => {
  const fields = fieldsOf(
    form(
      {
        order: { type: 'string', title: 'Order', minLength: 8 },
        code: { type: 'string', title: 'A long title', maxLength: 3 },
        days: { type: 'integer', minimum: 2 },
        share: { type: 'number', maximum: 0.5 },
        kept: { type: 'boolean' },
        colour: { type: 'string', enum: ['red', 'green'], default: 'green' },
        size: { type: 'string', oneOf: [{ const: 's', title: 'Small' }] },
        ways: { type: 'array', items: { enum: ['walk', 'ride', 'fly'] }, minItems: 2 },
        note: { type: 'string' },
      },
      ['order', 'code', 'days', 'share', 'kept', 'size', 'ways'],
    ),
  );

  const example = exampleOf(fields ?? []);

  expect(example).toEqual({
    order: 'Order...',
    code: 'A l',
    days: 2,
    share: 0.5,
    kept: false,
    colour: 'green',
    size: 's',
    ways: ['walk', 'ride'],
  });
  const values = new Map(Object.entries(example));
  expect(fields?.map((field) => faultOf(field, values.get(field.name)))).toEqual(Array(9).fill(null));
});

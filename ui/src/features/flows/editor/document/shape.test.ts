import { expect, it } from 'vitest';
import { parseJson } from '@/lib/json';
import { shapeOf, shapeOfSchema, shapeText, valueAt } from './shape';

it('reads the shape of a value, and what only some entries of a list have', () => {
  const value = parseJson('{"status": 200, "rows": [{"id": 1, "tag": "a"}, {"id": 2.50}], "none": null, "empty": []}');

  expect(shapeText(shapeOf(value))).toBe(
    '{ status: number, rows: list of { id: number, tag?: text }, none: null, empty: list }',
  );
  expect(shapeText(shapeOf([1, 'a']))).toBe('list');
  expect(shapeText(shapeOf('x'))).toBe('text');
});

it('reads the shape of a schema, optional fields marked', () => {
  const shape = shapeOfSchema({
    type: 'object',
    required: ['risk'],
    properties: {
      risk: { type: 'number', description: 'From 0 to 100.' },
      notes: { type: ['array', 'null'], items: { type: 'string' } },
      level: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
  });

  expect(shapeText(shape)).toBe('{ risk: number, notes?: list of text, level?: text }');
  expect(shape.fields?.[0]?.doc).toBe('From 0 to 100.');
  expect(shapeOfSchema({}).type).toBe('any');
});

it('cuts what is long', () => {
  const wide = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`field_${at}`, at]));

  expect(shapeText(shapeOf(wide), 60)).toBe('{ field_0: number, field_1: number, field_2: number, … }');
});

it('finds what is inside a value', () => {
  expect(valueAt({ a: [{ b: 1 }] }, ['a', 0, 'b'])).toBe(1);
  expect(valueAt({ a: [] }, ['a', 0, 'b'])).toBeUndefined();
  expect(valueAt({}, ['constructor'])).toBeUndefined();
});

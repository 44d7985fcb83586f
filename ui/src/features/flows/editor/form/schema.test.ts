import { expect, it } from 'vitest';
import { parseJson } from '@/lib/json';
import { fieldKind, fitsType, plainSchema, type Schema } from './schema';

const TEMPLATE = { title: 'Template', type: 'string', pattern: '\\$\\{' };

it('drops null and templates and keeps what a field needs', () => {
  const schema = plainSchema({
    type: 'object',
    required: ['url'],
    properties: {
      url: { title: 'URL', anyOf: [{ type: 'string', pattern: '^https?://' }, TEMPLATE] },
      times: { title: 'Times', anyOf: [{ type: 'integer', minimum: 1 }, TEMPLATE, { type: 'null' }], default: 3 },
      class: { title: 'Class', anyOf: [{ type: 'string', enum: ['a', 'b'] }, TEMPLATE, { type: 'null' }] },
      headers: { type: ['object', 'null'], additionalProperties: { type: ['string', 'null'] } },
      join: { type: ['string', 'null'], enum: ['all', 'any', null] },
      later: { title: 'Later', type: 'null' },
    },
  });

  expect(schema).toEqual({
    type: 'object',
    required: ['url'],
    properties: {
      url: { title: 'URL', type: 'string', pattern: '^https?://' },
      times: { title: 'Times', type: 'integer', minimum: 1, default: 3 },
      class: { title: 'Class', type: 'string', enum: ['a', 'b'] },
      headers: { type: 'object', additionalProperties: { type: 'string' } },
      join: { type: 'string', enum: ['all', 'any'] },
    },
  });
});

it('keeps the alternatives of a value', () => {
  const condition = plainSchema({
    anyOf: [{ title: 'Expression', type: 'string' }, { title: 'Comparison', type: 'object' }, { type: 'null' }],
  });

  expect(fieldKind(condition)).toBe('variants');
});

it('fits a value by its JSON type, whatever the digits of a number', () => {
  const fits = (type: string, text: string) => fitsType({ type }, parseJson(text));

  expect(['number', 'integer', 'object', 'array', 'string'].map((type) => fits(type, '19.90'))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect([fits('object', '{}'), fits('array', '[]'), fits('null', 'null'), fits('boolean', 'true')]).toEqual(
    Array(4).fill(true),
  );
});

function sizeOf(schema: Schema): number {
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.anyOf ?? []), ...[schema.items ?? []].flat()];
  return inner.reduce((sum, one) => sum + sizeOf(one), 1);
}

it('makes a form of bounded size of a schema that doubles at each level', () => {
  let doubling: Schema = { type: 'string' };
  // Shared, so that it is small in memory and has 2^30 leaves.
  for (let level = 0; level < 30; level += 1) doubling = { type: 'object', properties: { a: doubling, b: doubling } };

  const plain = plainSchema(doubling);

  expect(sizeOf(plain)).toBeLessThanOrEqual(1_001);
  expect(fieldKind(plain)).toBe('group');
});

it('leaves what is too much of a schema, and references, to JSON', () => {
  const properties = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, { type: 'string' }]));
  const many = plainSchema({ type: 'object', properties });
  const recursive = { $ref: '#', title: 'Again' } as Schema;

  expect(Object.keys(many.properties ?? {})).toHaveLength(500);
  expect(fieldKind(plainSchema(recursive))).toBe('json');
  expect(fieldKind(plainSchema({ type: 'object', properties: { again: recursive } }).properties?.again as Schema)).toBe(
    'json',
  );
});

import { expect, test } from 'vitest';
import { parseJson } from '@/lib/json';
import { INHERITED_NAMES } from '@/testing/names';
import { shapeOf } from './shape';

test('texts are texts, also where they are all that an object has', () => {
  expect(shapeOf('# Hello')).toEqual({ kind: 'text', text: '# Hello' });
  expect(shapeOf({ text: 'Hello' })).toEqual({ kind: 'text', text: 'Hello' });
  expect(shapeOf(parseJson('19.90'))).toEqual({ kind: 'text', text: '19.90' });
  expect([shapeOf(null), shapeOf(undefined), shapeOf({})]).toEqual(Array(3).fill({ kind: 'none' }));
});

test('an object of short values is a list of them, with all digits', () => {
  const pairs = shapeOf(parseJson('{"amount":19.90,"paid":true,"note":null,"by":"Ann"}'));

  expect(pairs).toEqual({
    kind: 'pairs',
    pairs: [
      ['amount', '19.90'],
      ['paid', 'Yes'],
      ['note', '–'],
      ['by', 'Ann'],
    ],
  });
  expect(shapeOf({ by: { id: 1 } })).toEqual({ kind: 'json' });
});

test('a list of such objects is a table, whose rows may lack values', () => {
  const rows = shapeOf([{ a: 1 }, { a: 2, b: 'x' }]);

  expect(rows).toEqual({
    kind: 'table',
    columns: ['a', 'b'],
    rows: [
      ['1', ''],
      ['2', 'x'],
    ],
    more: 0,
  });
  expect(shapeOf(Array.from({ length: 150 }, () => ({ a: 1 })))).toMatchObject({ kind: 'table', more: 50 });
});

test('what is neither stays JSON', () => {
  const wide = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`c${at}`, at]));
  const preview = { $preview: { bytes: 9, text: '', href: `/api/v1/studio/executions/${'0'.repeat(36)}/result` } };

  for (const value of [[], [1], [{}], [{ a: [] }], [wide], preview, [{ a: 1 }, 2]]) {
    expect(shapeOf(value), JSON.stringify(value)).toEqual({ kind: 'json' });
  }
});

test.each(INHERITED_NAMES)('a column may be named %s', (name) => {
  const rows = shapeOf(parseJson(`[{"${name}":"x"},{"b":"y"}]`));

  expect(rows).toMatchObject({
    kind: 'table',
    columns: [name, 'b'],
    rows: [
      ['x', ''],
      ['', 'y'],
    ],
  });
});

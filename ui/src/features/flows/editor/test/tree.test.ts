import { expect, it } from 'vitest';
import { shapeOfSchema } from '../document/shape';
import { actOf, rowsOf } from './tree';

const NONE = { type: 'any' };
const shown = (rows: ReturnType<typeof rowsOf>) =>
  rows.map(({ depth, label, sample }) => `${depth} ${label} ${sample}`);

it('shows what is open of a value, with the expression of each row', () => {
  const value = { value: { status: 200, 'risk level': [{ id: 'a' }], none: null } };

  expect(shown(rowsOf('fetch', value, NONE, new Set()))).toEqual([
    '1 status 200',
    '1 risk level 1 entry',
    '1 none null',
  ]);
  const rows = rowsOf('fetch', value, NONE, new Set(['fetch["risk level"]', 'fetch["risk level"][0]']));
  expect(rows.map(({ path }) => path)).toEqual([
    'fetch.status',
    'fetch["risk level"]',
    'fetch["risk level"][0]',
    'fetch["risk level"][0].id',
    'fetch.none',
  ]);
});

it('shows the fields that a schema has where nothing ran', () => {
  const shape = shapeOfSchema({ type: 'object', properties: { risk: { type: 'number' } } });

  expect(shown(rowsOf('score', null, shape, new Set()))).toEqual(['1 risk number']);
  expect(rowsOf('score', { value: 'text' }, shape, new Set())).toEqual([]);
});

it('is walked through by keys, and inserts with Enter', () => {
  const value = { value: { a: { b: 1 }, c: 2 } };
  const closed = rowsOf('x', value, NONE, new Set());
  const open = rowsOf('x', value, NONE, new Set(['x.a']));

  expect(actOf(closed, 'x.a', 'ArrowDown')).toEqual({ does: 'focus', path: 'x.c' });
  expect(actOf(closed, 'x.a', 'ArrowRight')).toEqual({ does: 'toggle', path: 'x.a' });
  expect(actOf(open, 'x.a', 'ArrowRight')).toEqual({ does: 'focus', path: 'x.a.b' });
  expect(actOf(open, 'x.a.b', 'ArrowLeft')).toEqual({ does: 'focus', path: 'x.a' });
  expect(actOf(open, 'x.a.b', 'Enter')).toEqual({ does: 'insert', path: 'x.a.b' });
  expect(actOf(open, 'x.c', ' ')).toBeNull();
  expect(actOf(open, null, 'Enter')).toBeNull();
});

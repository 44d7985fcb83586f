import { expect, test } from 'vitest';
import { readable } from './damaged';

test('entries that could not be read are left out, and all others kept in order', () => {
  const rows = [
    { id: 'a', name: 'A' },
    { id: 'b', damaged: 'no status is called gone' },
    { id: 'c', name: 'C' },
  ];

  expect(readable(rows)).toEqual([
    { id: 'a', name: 'A' },
    { id: 'c', name: 'C' },
  ]);
});

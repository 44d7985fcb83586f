import { expect, test } from 'vitest';
import { parted } from './damaged';

test('entries that could not be read are kept apart, all in order', () => {
  const rows = [
    { id: 'a', name: 'A' },
    { id: 'b', damaged: 'no status is called gone' },
    { id: 'c', name: 'C' },
  ];

  expect(parted(rows)).toEqual({
    rows: [
      { id: 'a', name: 'A' },
      { id: 'c', name: 'C' },
    ],
    damaged: [{ id: 'b', damaged: 'no status is called gone' }],
  });
});

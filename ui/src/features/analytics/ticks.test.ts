import { expect, test } from 'vitest';
import { ticksUpTo } from './ticks';

test('an axis has two to four round marks, and the last is not below the highest bar', () => {
  const ticks = [0, 1, 3, 4, 9, 43, 155, 1_200].map(ticksUpTo);

  expect(ticks).toEqual([
    [0, 1],
    [0, 1],
    [0, 1, 2, 3],
    [0, 2, 4],
    [0, 5, 10],
    [0, 20, 40, 60],
    [0, 100, 200],
    [0, 500, 1_000, 1_500],
  ]);
  for (const most of [1, 7, 99, 101, 12_345, 9_999_999]) {
    const marks = ticksUpTo(most);
    expect(marks.length).toBeLessThanOrEqual(4);
    expect(marks.at(-1)).toBeGreaterThanOrEqual(most);
  }
});

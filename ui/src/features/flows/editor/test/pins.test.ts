// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest';
import { dropPin, keepPin, readPins, TRIGGER } from './pins';

afterEach(() => localStorage.clear());

it('keeps pins by flow and name', () => {
  keepPin('f', 'fetch', '1');
  keepPin('f', TRIGGER, '{}');
  keepPin('g', 'fetch', '2');
  keepPin('f', 'fetch', '3');

  expect([...readPins('f')]).toEqual([
    [TRIGGER, '{}'],
    ['fetch', '3'],
  ]);
  dropPin('f', 'fetch');
  expect([...readPins('f')]).toEqual([[TRIGGER, '{}']]);
  expect([...readPins('g')]).toEqual([['fetch', '2']]);
});

it('drops the oldest pins to make room', () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) keepPin('f', name, 'x'.repeat(45_000));

  expect([...readPins('f').keys()]).toEqual(['b', 'c', 'd', 'e']);
});

it('does not keep a pin that is too large', () => {
  keepPin('f', 'a', '1');
  keepPin('f', 'a', 'x'.repeat(50_001));

  expect(readPins('f').size).toBe(0);
});

it.each(['', 'no json', '{}', '[1, ["f"], ["f", "a", 1]]'])('reads nothing out of %j', (stored) => {
  localStorage.setItem('steadflow.pins', stored);

  expect(readPins('f').size).toBe(0);
});

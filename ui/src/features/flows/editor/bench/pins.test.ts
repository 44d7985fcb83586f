// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest';
import { dropPins, type Kept, keepPin, readPins, TRIGGER } from './pins';

afterEach(() => localStorage.clear());

const kept = (text: string): Kept => ({ text, at: 1, of: 'x' });
const textsOf = (flow: string) => [...readPins(flow)].map(([name, { test, hand }]) => [name, test?.text, hand?.text]);

it('keeps pins by flow, name and source', () => {
  keepPin('f', 'fetch', 'hand', kept('1'));
  keepPin('f', TRIGGER, 'hand', kept('{}'));
  keepPin('g', 'fetch', 'hand', kept('2'));
  keepPin('f', 'fetch', 'test', kept('3'));
  keepPin('f', 'fetch', 'hand', kept('4'));
  expect(textsOf('f')).toEqual([
    [TRIGGER, undefined, '{}'],
    ['fetch', '3', '4'],
  ]);

  dropPins('f', 'fetch');

  expect(textsOf('f')).toEqual([[TRIGGER, undefined, '{}']]);
  expect(textsOf('g')).toEqual([['fetch', undefined, '2']]);
});

it('drops the oldest pins to make room', () => {
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) keepPin('f', name, 'test', kept('x'.repeat(180_000)));

  expect([...readPins('f').keys()]).toEqual(['b', 'c', 'd', 'e', 'f']);
});

it('does not keep a pin that is too large', () => {
  keepPin('f', 'a', 'test', kept('1'));
  keepPin('f', 'a', 'test', kept('x'.repeat(200_001)));

  expect(readPins('f').size).toBe(0);
});

it.each(['', 'no json', '{}', '[1, ["f"], ["f", "a", "1"], ["f", "a", "else", "1", 1, ""]]'])(
  'reads nothing out of %j',
  (stored) => {
    localStorage.setItem('steadflow.pins', stored);

    expect(readPins('f').size).toBe(0);
  },
);

import { expect, it } from 'vitest';
import { outputReference, pathTo } from './paths';

it('names an output by its ID where that is a free word', () => {
  expect(outputReference('score')).toBe('score');
  expect(outputReference('fetch-data')).toBe('nodes["fetch-data"].output');
  expect(outputReference('a "b"')).toBe(String.raw`nodes["a \"b\""].output`);
  expect(['not', 'item', 'attempt'].map(outputReference)).toEqual([
    'nodes.not.output',
    'nodes.item.output',
    'nodes.attempt.output',
  ]);
});

it('quotes keys that are no words', () => {
  expect(pathTo('score', [])).toBe('score');
  expect(pathTo('score', ['items', 0, 'risk level'])).toBe('score.items[0]["risk level"]');
  expect(pathTo('score', ['größe', '1', 'a.b', 'x-y', ''])).toBe('score["größe"]["1"]["a.b"]["x-y"][""]');
  expect(pathTo('score', ['a"b', 'c\\d', 'e\nf'])).toBe(String.raw`score["a\"b"]["c\\d"]["e\nf"]`);
});

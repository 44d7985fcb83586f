import { expect, test } from 'vitest';
import { texts } from './texts';

test('what is left out of a list is counted in a sentence', () => {
  const sentences = [0, 1, 2_000].map(texts.nodes.leftOut);

  expect(sentences).toEqual([
    null,
    'The node with the fewest failed attempts is not listed.',
    'The 2,000 nodes with the fewest failed attempts are not listed.',
  ]);
});

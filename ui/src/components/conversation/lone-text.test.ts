import { expect, it } from 'vitest';
import { loneText } from './lone-text';

it('knows the output of a skill without an output schema', () => {
  expect(loneText({ text: 'Hello' })).toBe('Hello');
  for (const other of [{ text: 1 }, { text: 'Hello', risk: 1 }, { risk: 1 }, ['Hello'], 'Hello', null]) {
    expect(loneText(other)).toBeNull();
  }
});

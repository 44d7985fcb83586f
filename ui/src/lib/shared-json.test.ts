import { expect, it } from 'vitest';
import { type Json, parseJson, writeJson } from './json';
import { sharedJson } from './shared-json';

const TEXT = '{"price":19.90,"list":[{"id":1234567890123456789},{"id":2}],"__proto__":{"a":1.0}}';

it('is what was there before when nothing changed', () => {
  const before = parseJson(TEXT);

  expect(sharedJson(before, parseJson(TEXT))).toBe(before);
});

it('has the new parts and the old ones', () => {
  const before = parseJson(TEXT) as { price: Json; list: Json[] };
  const after = sharedJson(before, parseJson(TEXT.replace('"id":2', '"id":2.0'))) as typeof before;

  expect(after).not.toBe(before);
  expect(after.price).toBe(before.price);
  expect(after.list[0]).toBe(before.list[0]);
  expect(writeJson(after)).toBe(TEXT.replace('"id":2', '"id":2.0'));
});

it.each([
  ['[1,2]', '[1]'],
  ['[1]', '[1,2]'],
  ['{"a":1,"b":2}', '{"a":1}'],
  ['{}', '{"a":null}'],
  ['[]', '{}'],
  ['1.0', '1.00'],
  ['1', '1.0'],
  ['{"a":{}}', '{"a":[]}'],
  ['{"constructor":1}', '{}'],
  ['{}', '{"constructor":1}'],
])('%s becomes %s', (before, after) => {
  expect(writeJson(sharedJson(parseJson(before), parseJson(after)))).toBe(after);
});

it('takes other objects as they are', () => {
  const after = new Map([['a', 1]]);

  expect(sharedJson(new Map([['a', 1]]), after)).toBe(after);
  expect(sharedJson(undefined, after)).toBe(after);
});

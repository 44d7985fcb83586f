import { expect, it } from 'vitest';
import { INHERITED_NAMES } from '@/testing/names';
import { isRecord, parseJson, writeJson } from './json';
import { own } from './own';

it.each(INHERITED_NAMES)('finds %s only where the JSON has it', (name) => {
  const text = `{"${name}":19.90}`;
  const object = parseJson(text);

  expect(own({}, name)).toBeUndefined();
  expect(isRecord(object) && writeJson(own(object, name))).toBe('19.90');
  expect(writeJson(object)).toBe(text);
});

import { expect, it } from 'vitest';
import { localeOf } from './locale';

const ALL = ['en', 'de', 'ja'] as const;

it('prefers the chosen language', () => {
  expect(localeOf('ja', ['de-AT', 'en'], ALL)).toBe('ja');
});

it("takes the first of the browser's languages that is offered", () => {
  expect(localeOf(null, ['fr', 'de-AT', 'ja'], ALL)).toBe('de');
  expect(localeOf(null, ['en-US', 'de'], ALL)).toBe('en');
});

it('is English where nothing else is offered', () => {
  expect(localeOf('de', ['ja'], ['en'])).toBe('en');
  expect(localeOf(null, [], ALL)).toBe('en');
});

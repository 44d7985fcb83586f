import { expect, it } from 'vitest';
import { readableSize, visible } from './json-text';

it('escapes invisible characters', () => {
  expect(visible('a\u202eb\u0000\u200b\ud800')).toBe('a\\u202eb\\u0000\\u200b\\ud800');
  expect(visible('a\u{e0061}b')).toBe('a\\udb40\\udc61b');
});

it('keeps letters, emoji, line feeds and tabs', () => {
  expect(visible('Grüße\n\t😀 日本')).toBe('Grüße\n\t😀 日本');
});

it('formats a size', () => {
  expect([readableSize(12), readableSize(1_234), readableSize(56_000), readableSize(3_100_000)]).toEqual([
    '12 B',
    '1.2 kB',
    '56 kB',
    '3.1 MB',
  ]);
});

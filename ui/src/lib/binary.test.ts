import { expect, test } from 'vitest';
import { binaryOf, hasBinary, imageOf, withoutBytes } from './binary';

const of = (inside: unknown) => ({ $binary: inside });

test('bytes are known with their type, name and size', () => {
  expect(binaryOf(of({ content_type: 'image/png', base64: 'iVBORw==', filename: 'a.png' }))).toEqual({
    contentType: 'image/png',
    name: 'a.png',
    size: 4,
    base64: 'iVBORw==',
  });
  expect(binaryOf(of({ content_type: null, base64: '' }))?.size).toBe(0);
});

test('what only looks like bytes is none', () => {
  for (const value of [
    null,
    'x',
    [],
    of(5),
    of({ base64: 5 }),
    of({ base64: '"><script>' }),
    { ...of({ base64: 'AAAA' }), more: 1 },
  ]) {
    expect(binaryOf(value)).toBeNull();
  }
});

test('only images that run nothing have an address', () => {
  const address = (type: string) => imageOf({ contentType: type, name: null, size: 3, base64: 'AAAA' });
  expect(address('IMAGE/PNG; x=y')).toBe('data:image/png;base64,AAAA');
  for (const type of ['image/svg+xml', 'text/html', 'application/pdf', 'image/png"onload']) {
    expect(address(type)).toBeNull();
  }
});

test('bytes are found inside a value, and left out of the beginning of its text', () => {
  expect(hasBinary({ a: [{ b: of({ base64: 'AAAA' }) }] })).toBe(true);
  expect(hasBinary({ a: [{ b: 'AAAA' }] })).toBe(false);
  expect(withoutBytes('{"$binary":{"base64":"iVBORw0KGgo')).toBe('{"$binary":{"base64":"…');
  expect(withoutBytes('{"base64": "AA==", "n": 1')).toBe('{"base64": "…", "n": 1');
});

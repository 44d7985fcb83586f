import { expect, it } from 'vitest';
import { INHERITED_NAMES } from '@/testing/names';
import { lookOf } from './node-looks';

it.each(INHERITED_NAMES)('gives the unknown type and action %s the look of a box', (name) => {
  const box = lookOf('unknown');

  expect(lookOf(name)).toEqual({ ...box, label: name });
  expect(lookOf('action', name)).toEqual({ ...box, label: name });
});

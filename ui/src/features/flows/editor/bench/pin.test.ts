import { expect, it } from 'vitest';
import type { FlowNode } from '@/api/types';
import { fingerprintOf, pinOf } from './pin';

const node: FlowNode = { id: 'fetch', type: 'action', action: 'http_request', input: { url: 'https://a.example' } };
const of = fingerprintOf(node);
const executed = { value: { risk: 1 }, at: '2027-01-02T00:00:00Z', of };
const kept = (text: string, at: number) => ({ text, at, of });

it('takes the newer of what a test gave and what was typed, else the last execution', () => {
  expect(pinOf('fetch', undefined, undefined, node)).toMatchObject({ origin: 'nothing', reading: null });
  expect(pinOf('fetch', undefined, executed, node)).toMatchObject({
    origin: 'execution',
    reading: { value: { risk: 1 } },
  });
  expect(pinOf('fetch', { test: kept('2', 5) }, executed, node)).toMatchObject({
    origin: 'test',
    reading: { value: 2 },
  });
  expect(pinOf('fetch', { test: kept('2', 5), hand: kept('3', 6) }, executed, node)).toMatchObject({ origin: 'hand' });
  expect(pinOf('fetch', { test: kept('2', 7), hand: kept('3', 6) }, executed, node)).toMatchObject({ origin: 'test' });
});

it('is stale when the node does something else since, unless somebody typed it', () => {
  const changed = { ...node, input: { url: 'https://b.example' } };

  expect(pinOf('fetch', { test: kept('2', 5) }, undefined, node).isStale).toBe(false);
  expect(pinOf('fetch', { test: kept('2', 5) }, undefined, changed).isStale).toBe(true);
  expect(pinOf('fetch', undefined, executed, changed).isStale).toBe(true);
  expect(pinOf('fetch', undefined, { ...executed, of: null }, changed).isStale).toBe(false);
  expect(pinOf('fetch', { hand: kept('2', 5) }, undefined, changed).isStale).toBe(false);
});

it('does not count the name, the note and the place of a node, nor the order of its keys', () => {
  const { input, ...rest } = node;

  expect(fingerprintOf({ ...rest, input, name: 'Other', note: 'x', position: { x: 1, y: 1 } } as FlowNode)).toBe(of);
  expect(fingerprintOf({ ...node, retry: { count: 1 } })).not.toBe(of);
});

it('has no value while what is typed is not JSON', () => {
  expect(pinOf('fetch', { hand: kept('{"a":', 1) }, executed, node)).toMatchObject({ text: '{"a":', reading: null });
});

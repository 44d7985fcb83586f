import { expect, test } from 'vitest';
import type { ExecutionRow } from '@/api/types';
import { isOver, learn, newIds, nextBatch, progressOf, unended } from './progress';

const row = (id: string, status: string, more = {}) => ({ id, status, ...more }) as ExecutionRow;
const ids = ['d', 'c', 'b', 'a'];

test('an unknown execution counts as open', () => {
  const known = learn(
    {},
    [row('a', 'completed'), row('b', 'failed'), row('c', 'running', { retrying: true })],
    new Set(ids),
  );

  const progress = progressOf(ids, known);

  expect(progress).toEqual({ all: 4, ended: 2, completed: 1, failed: 1, cancelled: 0, open: 2, retrying: 1 });
  expect([...unended(ids, known)]).toEqual(['d', 'c']);
});

test('an ended execution stays ended when an older list has it running', () => {
  const ended = learn({}, [row('a', 'completed')], new Set(['a']));

  const after = learn(ended, [row('a', 'running')], new Set(['a']));

  expect(after).toBe(ended);
});

test('executions of other retries are ignored', () => {
  expect(learn({}, [row('x', 'completed')], new Set(ids))).toEqual({});
});

test('it is done when all have ended', () => {
  const most = learn({}, [row('d', 'completed'), row('c', 'failed'), row('b', 'cancelled')], new Set(ids));
  const all = learn(most, [row('a', 'completed')], new Set(ids));

  expect([isOver(ids, undefined), isOver(ids, most), isOver(ids, all), isOver([], undefined)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test('a full batch is followed by the next one', () => {
  const items = [
    { execution_id: '2', new_execution_id: 'n2', skipped: null },
    { execution_id: '1', new_execution_id: null, skipped: 'Already retried, as n0.' },
  ];
  const result = { dry_run: false, matched: 2, retried: 1, skipped: 1, reasons: [], stopped: null, items };

  expect(newIds(result)).toEqual(['n2']);
  expect([nextBatch(result, 2), nextBatch(result, 3)]).toEqual(['1', undefined]);
  expect(nextBatch({ ...result, stopped: 'There is no room for more.' }, 3)).toBe('1');
});

import { expect, test } from 'vitest';
import type { SessionTurn } from '@/api/sessions';
import type { ExecutionRow } from '@/api/types';
import { entriesFrom, textOf, withRow } from './entries';

const row = (id: string, status: string, retry_of: string | null = null) =>
  ({ id, status, retry_of }) as unknown as ExecutionRow;
const turn = (number: number, execution_id: string) => ({ number, execution_id }) as unknown as SessionTurn;

const idsOf = (rows: readonly ExecutionRow[], turns: readonly SessionTurn[]) =>
  entriesFrom(rows, turns).map((entry) => `${entry.executionId} ${entry.turn?.number ?? '-'}`);

test('a message is an entry from its start on, in the order of the starts', () => {
  expect(idsOf([row('c', 'running'), row('a', 'completed'), row('b', 'failed')], [turn(1, 'a')])).toEqual([
    'a 1',
    'b -',
    'c -',
  ]);
});

test('turns whose executions are not known any more come first', () => {
  expect(idsOf([row('c', 'completed')], [turn(1, 'a'), turn(2, 'b'), turn(3, 'c')])).toEqual(['a 1', 'b 2', 'c 3']);
});

test('a retry takes the place of what had failed', () => {
  const turns = [turn(1, 'c')];

  expect(idsOf([row('a', 'failed'), row('b', 'failed', 'a'), row('c', 'completed', 'b')], turns)).toEqual(['c 1']);
});

test('an answer is replaced while another one is written, and is back if that fails', () => {
  const rows = (status: string) => [row('a', 'completed'), row('b', status, 'a')];

  expect(idsOf(rows('running'), [turn(1, 'a')])).toEqual(['b -']);
  expect(idsOf(rows('failed'), [turn(1, 'a')])).toEqual(['a 1', 'b -']);
  // The end of the execution is known before its turn.
  expect(idsOf(rows('completed'), [turn(1, 'a')])).toEqual(['b -']);
  expect(idsOf(rows('completed'), [turn(1, 'b')])).toEqual(['b 1']);
});

test('a changed row replaces the one that is known', () => {
  const rows = withRow([row('a', 'running'), row('b', 'running')], row('b', 'completed'));

  expect(rows.map(({ id, status }) => `${id} ${status}`)).toEqual(['b completed', 'a running']);
});

test('what was said is a text where it has just one', () => {
  expect(textOf('Hi')).toBe('Hi');
  expect(textOf({ text: 'Hi' })).toBe('Hi');
  expect(textOf({ message: 'Hi', customer: 7 })).toBe('Hi');
  expect(textOf({ reply: 'Hi' })).toBe('Hi');
  expect(textOf({ reply: 'Hi', more: 'x' })).toBeNull();
  expect([textOf({}), textOf(null), textOf({ a: 1 }), textOf([])]).toEqual([null, null, null, null]);
});

import { expect, it } from 'vitest';
import type { JournalEvent } from '@/api/types';
import { barsOf } from './bars';
import { aJournal, aNode, anAttempt, at, happened } from './samples';

const START = Date.parse(at(0));

/** The bars as kind, start, end and reason, in milliseconds after the start. */
function drawn(journal: JournalEvent[], node = aNode({ attempts: [anAttempt(1, 0, 10), anAttempt(2, 20, 30)] })) {
  const after = (time: number | null) => (time === null ? null : time - START);
  return barsOf(node, journal).map((bar) => [bar.kind, after(bar.from), after(bar.to), bar.reason ?? after(bar.due)]);
}

it('has a bar for each attempt, and the backoff between them', () => {
  const bars = drawn(
    aJournal(
      [0, happened.attempt(1)],
      [1_000, happened.failure(1, 2_000)],
      [2_003, happened.attempt(2)],
      [2_500, happened.completed],
    ),
  );

  expect(bars).toEqual([
    ['bad', 0, 1_000, null],
    ['gap', 1_000, 2_003, 2_000],
    ['ok', 2_003, 2_500, null],
  ]);
});

it('shows an attempt that a crash cut off as stopped', () => {
  const cutOff = { ...happened.failure(1, 2_000), error_class: 'interrupted' as const };
  expect(drawn(aJournal([0, happened.attempt(1)], [1_000, cutOff]))[0]).toEqual(['cut', 0, 1_000, null]);
});

it('leaves what is in progress open', () => {
  expect(drawn(aJournal([0, happened.attempt(1)]))).toEqual([['run', 0, null, null]]);
  expect(drawn(aJournal([0, happened.attempt(1)], [9, happened.failure(1, 5_000)]))[1]).toEqual([
    'gap',
    9,
    null,
    5_000,
  ]);
  expect(drawn(aJournal([0, happened.waiting('delay', 4_000)]))).toEqual([['wait', 0, null, 'delay']]);
});

it('shows how long a decision took, however short', () => {
  const bars = drawn(
    aJournal(
      [0, happened.attempt(1)],
      [10, happened.failure(1, null)],
      [10, happened.waiting('decision', null)],
      [30, happened.resolved],
      [30, happened.attempt(2)],
      [40, happened.completed],
    ),
  );

  expect(bars).toEqual([
    ['bad', 0, 10, null],
    ['wait', 10, 30, 'decision'],
    ['ok', 30, 40, null],
  ]);
});

it('splits a backoff and a delay that were over during a pause', () => {
  const bars = drawn(
    aJournal(
      [0, happened.attempt(1)],
      [10, happened.failure(1, 1_000)],
      [500, happened.paused],
      [9_000, happened.resumed],
      [9_000, happened.attempt(2)],
    ),
  );

  expect(bars.slice(1)).toEqual([
    ['gap', 10, 1_000, 1_000],
    ['wait', 1_000, 9_000, 'paused'],
    ['run', 9_000, null, null],
  ]);

  const delay = drawn(
    aJournal(
      [0, happened.waiting('delay', 3_000)],
      [500, happened.paused],
      [4_500, happened.resumed],
      [4_500, happened.completed],
    ),
  );

  expect(delay).toEqual([
    ['wait', 0, 3_000, 'delay'],
    ['wait', 3_000, 4_500, 'paused'],
  ]);
});

it('ignores a pause that no backoff waited for', () => {
  const bars = drawn(
    aJournal(
      [0, happened.attempt(1)],
      [10, happened.failure(1, 1_000)],
      [20, happened.paused],
      [30, happened.resumed],
      [1_000, happened.attempt(2)],
    ),
  );

  expect(bars[1]).toEqual(['gap', 10, 1_000, 1_000]);
});

it('waits for a server after a shutdown released the attempt', () => {
  const bars = drawn(aJournal([0, happened.attempt(1)], [10, happened.released], [700, happened.attempt(2)]));

  expect(bars).toEqual([
    ['cut', 0, 10, null],
    ['wait', 10, 700, 'released'],
    ['run', 700, null, null],
  ]);
});

it('ends everything with the execution', () => {
  expect(drawn(aJournal([0, happened.attempt(1)], [50, happened.finished('cancelled')]))).toEqual([
    ['cut', 0, 50, null],
  ]);
  const backoff = aJournal(
    [0, happened.attempt(1)],
    [9, happened.failure(1, 900)],
    [50, happened.finished('cancelled')],
  );
  expect(drawn(backoff)[1]).toEqual(['gap', 9, 50, 900]);
});

it('shows an attempt that took no time, and nothing for a node without attempts', () => {
  const journal = aJournal([5, happened.completed]);

  expect(drawn(journal)).toEqual([['ok', 5, 5, null]]);
  expect(drawn(journal, aNode())).toEqual([]);
});

it('shows how long a person took; a call that waits for one is within its attempt', () => {
  const node = aNode({ attempts: [] });
  const waits = [0, happened.waiting('approval', null)] as const;
  const asked = [0, happened.asked('node', 60_000)] as const;
  expect(drawn(aJournal(waits, asked), node)).toEqual([['wait', 0, null, 'approval']]);
  expect(barsOf(node, aJournal(waits, asked))[0]?.due).toBe(START + 60_000);
  const decided = [5_000, happened.answered('approval:1', 'approved')] as const;
  const ended = [5_001, happened.completed] as const;
  expect(drawn(aJournal(waits, asked, decided, ended), node)).toEqual([['wait', 0, 5_000, 'approval']]);
  const call = [3, happened.asked('tool', null)] as const;
  const answer = [7, happened.answered('tool:1:0', 'approved')] as const;
  expect(drawn(aJournal([0, happened.attempt(1)], call, answer, [9, happened.completed]))).toEqual([
    ['ok', 0, 9, null],
  ]);
});

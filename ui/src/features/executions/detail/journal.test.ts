import { expect, it } from 'vitest';
import { lastAsked } from './asked';
import { linesOf } from './journal';
import { hasGap, joined } from './journal-records';
import { aJournal, aNode, anExecution, happened } from './samples';

const execution = anExecution({ node_executions: [aNode({ node_name: 'Submit it' })] });

it('has a line for each event, with node and error', () => {
  const lines = linesOf(
    aJournal(
      [0, happened.accepted],
      [0, happened.started],
      [0, happened.attempt(1)],
      [10, happened.failure(1, 1_010)],
      [1_010, happened.attempt(2)],
      [1_020, happened.completed],
      [1_020, happened.finished('completed')],
    ),
    execution,
  );

  expect(lines.map((line) => [line.seq, line.node?.name, line.text])).toEqual([
    [1, undefined, 'Accepted'],
    [2, undefined, 'Started'],
    [3, 'Submit it', 'Attempt 1 started'],
    [4, 'Submit it', 'Attempt 1 failed, next attempt after 1.0 s'],
    [5, 'Submit it', 'Attempt 2 started'],
    [6, 'Submit it', 'Completed'],
    [7, undefined, 'Execution completed'],
  ]);
  expect(lines[3]).toMatchObject({ kind: 'attempt', isError: true, detail: 'Unavailable: HTTP 503' });
  expect(new Set(lines.map((line) => line.key)).size).toBe(lines.length);
});

it('keeps the line of an event, so that it is not rendered again', () => {
  const journal = aJournal([0, happened.accepted], [1, happened.started]);

  const first = linesOf(journal.slice(0, 1), execution);

  expect(linesOf(journal, execution)[0]).toBe(first[0]);
});

it('says who did something, unless it was the engine', () => {
  const system = { type: 'system', id: null } as const;
  const lines = linesOf(
    aJournal(
      [0, happened.accepted],
      [1, happened.paused],
      [2, happened.resumed],
      [3, { ...happened.resumed, by: system }],
      [4, happened.resolved],
      [5, happened.finished('failed')],
    ),
    execution,
  );

  expect(lines.map((line) => line.by)).toEqual(['by a user', 'by ada', 'by API key ci', null, 'by ada', null]);
});

it('grows by whole records, and notices a gap', () => {
  const all = aJournal([0, happened.accepted], [0, happened.started], [1, happened.attempt(1)]);

  const known = joined([], all.slice(0, 2));

  expect(joined(known, all)).toEqual(all);
  expect(joined(known, all.slice(0, 2))).toBe(known);
  expect(hasGap(known, all.slice(2))).toBe(false);
  expect(hasGap(all.slice(0, 1), all.slice(2))).toBe(true);
  expect(hasGap(known, [])).toBe(false);
});

it('tells decisions on nodes from those on calls, and knows the last question of a node', () => {
  const journal = aJournal(
    [0, happened.asked('tool', null)],
    [1, happened.answered('tool:1:0', 'approved')],
    [2, happened.asked('node', 9)],
    [9, happened.answered('approval:1', 'expired')],
  );

  expect(linesOf(journal, execution).map(({ text, kind }) => [text, kind])).toEqual([
    ['Call tool:1:0 of submit waits for approval', 'attempt'],
    ['Call tool:1:0 approved', 'attempt'],
    ['Asks a person for a decision', 'node'],
    ['Timed out: nobody decided', 'node'],
  ]);
  expect(lastAsked('e', 'submit', journal)).toBe('e:submit:approval:1');
  expect(lastAsked('e', 'submit', journal.slice(0, 2))).toBeNull();
  expect(lastAsked('e', 'other', journal)).toBeNull();
});

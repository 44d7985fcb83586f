import { expect, it } from 'vitest';
import type { NodeExecution } from '@/api/types';
import type { Change } from './changes';
import { type JournalLine, linesOf, NOTHING_KNOWN, wholeJournal } from './journal';
import { aNode, anAttempt, anExecution, at } from './samples';

const change = (seq: number, nodes: NodeExecution[], row: Partial<Change['row']> = {}): Change => ({
  seq,
  row: { ...anExecution(), ...row },
  nodes: new Map(nodes.map((node) => [node.node_id, node])),
});

function journalOf(changes: Change[]): JournalLine[] {
  const all: JournalLine[] = [];
  let known = NOTHING_KNOWN;
  for (const one of changes) {
    const next = linesOf(one, known);
    all.push(...next.lines);
    known = next.known;
  }
  return all;
}

const failedOnce = anAttempt(1, 0, 10, { error_class: 'unavailable', error_message: 'HTTP 503', backoff_ms: 1_000 });

it('lists a failed attempt, its backoff, the next attempt and the end', () => {
  const lines = journalOf([
    change(2, [aNode({ status: 'pending', next_retry_at: at(1_010), attempts: [failedOnce] })]),
    change(3, [aNode({ status: 'running', attempts: [failedOnce, anAttempt(2, 1_010, null)] })]),
    change(
      4,
      [aNode({ status: 'completed', completed_at: at(1_020), attempts: [failedOnce, anAttempt(2, 1_010, 1_020)] })],
      {
        status: 'completed',
        completed_at: at(1_020),
      },
    ),
  ]);

  expect(lines.map((line) => [line.seq, line.text])).toEqual([
    [1, 'Accepted'],
    [1, 'Started'],
    [2, 'Attempt 1 started'],
    [2, 'Attempt 1 failed, next attempt after 1.0 s'],
    [3, 'Attempt 2 started'],
    [4, 'Attempt 2 succeeded'],
    [4, 'Completed'],
    [4, 'Execution completed'],
  ]);
  expect(lines[3]).toMatchObject({ kind: 'attempt', isError: true, detail: 'Unavailable: HTTP 503' });
});

it('lists pause and resume without a time', () => {
  const lines = journalOf([change(2, []), change(3, [], { status: 'paused' }), change(4, [])]);

  expect(lines.slice(2).map((line) => [line.text, line.at])).toEqual([
    ['Paused', null],
    ['Resumed', null],
  ]);
});

it('includes nodes that were done before the first event', () => {
  const trigger = aNode({ node_id: 'start', status: 'completed', completed_at: at(0) });
  const execution = anExecution({ seq: 2, node_executions: [trigger, aNode()] });

  const lines = wholeJournal(
    journalOf([change(2, [aNode({ status: 'running', attempts: [anAttempt(1, 5, null)] })])]),
    execution,
  );

  expect(lines.map((line) => line.node?.id ?? line.text)).toEqual(['Accepted', 'Started', 'start', 'submit']);
});

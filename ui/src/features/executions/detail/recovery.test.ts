import { expect, it } from 'vitest';
import type { JournalEvent } from '@/api/types';
import { toRecovery } from './recovery';
import { aJournal, at } from './samples';

const node_id = 'research';
const usage = { input_tokens: 400, output_tokens: 70, cost: null };
const started = (step: string) => ({ type: 'step_started', node_id, step }) as unknown as JournalEvent;
const completed = (step: string) => ({ type: 'step_completed', node_id, step, usage }) as unknown as JournalEvent;
const failed = (step: string) => ({ type: 'step_failed', node_id, step, usage }) as unknown as JournalEvent;
const adopted = { type: 'adopted', worker: 'w1' } as unknown as JournalEvent;
const nodeCompleted = { type: 'node_completed', node_id } as unknown as JournalEvent;
const released = { type: 'attempt_released', node_id, attempt: 1 } as unknown as JournalEvent;
const moment = (ms: number) => Date.parse(at(ms));

it('has nothing to say about an execution that one server drove', () => {
  expect(toRecovery(aJournal([0, started('turn:1')], [900, completed('turn:1')]))).toBeNull();
  expect(toRecovery([])).toBeNull();
});

it('counts what was kept and what was made again', () => {
  const journal = aJournal(
    [0, started('turn:1')],
    [900, completed('turn:1')],
    [900, started('tool:1:0')],
    [900, started('tool:1:1')],
    [910, completed('tool:1:0')],
    [1_300, failed('tool:1:1')],
    [1_300, started('turn:2')],
    [2_300, adopted],
    [3_300, started('turn:2')],
    [4_200, completed('turn:2')],
    [4_200, nodeCompleted],
  );

  expect(toRecovery(journal)).toEqual({
    outages: [{ from: moment(1_300), to: moment(2_300) }],
    keptTurns: 1,
    keptTools: 2,
    repeated: 1,
    tokensBoughtTwice: 0,
  });
});

it('admits that a stored answer was asked for again', () => {
  const journal = aJournal(
    [0, started('turn:1')],
    [900, completed('turn:1')],
    [2_000, adopted],
    [2_000, started('turn:1')],
    [2_900, completed('turn:1')],
  );

  expect(toRecovery(journal)).toMatchObject({ keptTurns: 1, repeated: 0, tokensBoughtTwice: 470 });
});

it('keeps nothing of a node that had ended, of a turn that failed, and of an attempt that was released', () => {
  const ended = aJournal([0, started('turn:1')], [1, completed('turn:1')], [1, nodeCompleted], [2, adopted]);
  const refused = aJournal([0, started('turn:1')], [1, failed('turn:1')], [2, adopted], [2, started('turn:1')]);
  const orderly = aJournal([0, started('turn:1')], [1, released], [2, adopted], [3, started('turn:1')]);

  for (const journal of [ended, refused, orderly]) {
    expect(toRecovery(journal)).toMatchObject({ keptTurns: 0, keptTools: 0, repeated: 0 });
  }
});

it('adds up several outages, and counts what survived both once', () => {
  const journal = aJournal(
    [0, started('turn:1')],
    [900, completed('turn:1')],
    [900, started('turn:2')],
    [1_000, adopted],
    [1_000, started('turn:2')],
    [1_500, adopted],
    [1_500, started('turn:2')],
  );

  expect(toRecovery(journal)).toMatchObject({ keptTurns: 1, repeated: 2, outages: [{}, {}] });
});

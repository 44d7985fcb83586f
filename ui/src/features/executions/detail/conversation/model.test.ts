import { expect, it } from 'vitest';
import type { Attempt, Conversation, ConversationStep } from '@/api/types';
import { partsOf } from './model';

const conversation = (...steps: readonly Partial<ConversationStep>[]): Conversation => ({
  seq: 1,
  skill: 'research',
  agent: null,
  session: null,
  turns_used: 0,
  tokens_used: 0,
  asked: [{ attempt: 1, instructions: 'Rate it.', input: {} }],
  steps: steps.map((step, index) => aStep(index + 1, step)),
  earlier_steps: 0,
});

function aStep(number: number, change: Partial<ConversationStep>): ConversationStep {
  return {
    number,
    attempt: 1,
    name: null,
    turn: null,
    summarizes: null,
    model: null,
    tool: null,
    guardrail: null,
    refusal: null,
    status: 'completed',
    started_at: '2026-11-24T10:00:00Z',
    ended_at: '2026-11-24T10:00:01Z',
    duration_ms: 1_000,
    stop_at: null,
    error_class: null,
    error_message: null,
    http_status: null,
    arguments: null,
    text: null,
    thinking: null,
    execution_id: null,
    output: null,
    response: null,
    reserved_tokens: null,
    usage: { input_tokens: 0, output_tokens: 0, cost: null },
    approval: null,
    ...change,
  };
}

const anAttempt = (number: number) => ({ number, worker: 'here' }) as Attempt;

const turn = (number: number, change: Partial<ConversationStep> = {}) => ({
  name: `turn:${number}`,
  turn: number,
  ...change,
});
const tool = (number: number, place: number, change: Partial<ConversationStep> = {}) => ({
  name: `tool:${number}:${place}`,
  turn: number,
  tool: 'look',
  ...change,
});

/** Each attempt as a line for each of its turns: the numbers of its calls, and in brackets those that they repeat. */
function lines(said: Conversation): string[] {
  return partsOf(said, []).flatMap((part) =>
    part.turns.map(({ number, call, tools }) => {
      const names = [call, ...tools].map((one) => {
        if (!one) return '–';
        return `${one.step.number}${one.repeats ? `(${one.repeats.number})` : ''}`;
      });
      return `${part.number}: turn ${number} ${names.join(' ')}`;
    }),
  );
}

it('groups the tools of a turn with the response that asked for them', () => {
  const said = conversation(turn(1), tool(1, 0), tool(1, 1, { status: 'failed' }), turn(2), tool(2, 0), turn(3));

  expect(lines(said)).toEqual(['1: turn 1 1 2 3', '1: turn 2 4 5', '1: turn 3 6']);
});

it('shows a response that was refused beside the one that took its place', () => {
  const refused = turn(2, { status: 'failed', error_class: 'model_output' });
  const said = conversation(turn(1), tool(1, 0), refused, turn(2, { attempt: 2 }));

  const [first, second] = partsOf(said, [anAttempt(1), anAttempt(2)]);

  expect(lines(said)).toEqual(['1: turn 1 1 2', '1: turn 2 3', '2: turn 2 4(3)']);
  expect(first?.turns[1]?.call?.repeatedBy?.attempt).toBe(2);
  expect([first?.asked?.instructions, second?.asked]).toEqual(['Rate it.', undefined]);
  expect(second?.attempt).toEqual(anAttempt(2));
});

it('goes on with the tools of an earlier attempt after a crash, and repeats only what was cut off', () => {
  const cut = { status: 'stopped', error_class: 'interrupted' } as const;
  const said = conversation(
    turn(1),
    tool(1, 0),
    tool(1, 1, cut),
    tool(1, 1, { attempt: 2 }),
    turn(2, { attempt: 2, ...cut }),
    turn(2, { attempt: 3, status: 'running', ended_at: null }),
  );

  expect(lines(said)).toEqual(['1: turn 1 1 2 3', '2: turn 1 – 4(3)', '2: turn 2 5', '3: turn 2 6(5)']);
});

it('says what was asked although the first attempts are not shown', () => {
  const [part] = partsOf(conversation(turn(4, { attempt: 3 })), []);

  expect(part?.asked?.instructions).toBe('Rate it.');
});

it('takes each attempt of a skill without tools as one response', () => {
  const said = conversation({ status: 'failed' }, { attempt: 2 });

  expect(lines(said)).toEqual(['1: turn null 1', '2: turn null 2(1)']);
});

it('knows which model was asked instead of one that could not answer', () => {
  const refused = { status: 'failed', error_class: 'rate_limited' } as const;
  const said = conversation(
    turn(1, refused),
    turn(1, { name: 'turn:1:1' }),
    tool(1, 0),
    turn(2, { name: 'turn:2:1', ...refused }),
    turn(2, { attempt: 2 }),
  );

  const left = partsOf(said, []).flatMap((part) => part.turns.map(({ call }) => call?.leftFor?.number ?? null));
  expect(left).toEqual([2, null, null, null]);
});

it('says of a summary that failed what was asked without it', () => {
  const summary = { name: 'summary', summarizes: { from: 1, up_to: 3 } };
  const failed = conversation({ ...summary, status: 'failed' }, turn(1));
  expect(partsOf(failed, [anAttempt(1)])[0]?.turns.map(({ call }) => call?.leftFor?.name)).toEqual([
    'turn:1',
    undefined,
  ]);
  const retried = conversation({ ...summary, status: 'failed' }, { ...summary, attempt: 2 }, turn(1, { attempt: 2 }));
  const parts = partsOf(retried, [anAttempt(1), anAttempt(2)]);
  expect(parts[0]?.turns[0]?.call).toMatchObject({ leftFor: null, repeatedBy: { attempt: 2 } });
});

// biome-ignore-all lint/suspicious/noThenProperty: a key of guardrails.
import { expect, test } from 'vitest';
import {
  type Check,
  checkOf,
  type GuardrailDraft,
  guardrailDraft,
  guardrailOf,
  isReadable,
  isShown,
  newGuardrail,
  thenOf,
  thensOf,
  withCheck,
  withKey,
  withStage,
} from './guardrails';

const draft = (guardrail: unknown): GuardrailDraft => guardrailDraft(guardrail, 0);
const AMOUNT = { properties: { amount: { maximum: 100 } } };

test('a guardrail that was only opened is saved unchanged, with the keys that have no field', () => {
  for (const guardrail of [
    { name: 'cards', on: 'input', deny: '\\b\\d{13,16}\\b' },
    { name: 'small', on: 'arguments', tools: ['refund'], schema: AMOUNT, then: 'repair', message: 'At most 100.' },
    { name: 'honest', on: 'output', judge: { agent_id: 'a', skill: 'check', later: 1 }, then: 'ask', later: [2] },
  ]) {
    expect(isShown(draft(guardrail))).toBe(true);
    expect(guardrailOf(draft(guardrail))).toEqual(guardrail);
  }
});

test('what the fields cannot show is kept as it is', () => {
  for (const guardrail of [
    { name: 'a', on: 'later', deny: 'x' },
    { name: 'a', on: 'output', deny: 'x', pattern: 'y' },
    { name: 'a', on: 'output' },
    { name: 'a', on: 'output', deny: 5 },
    { name: 'a', on: 'arguments', deny: 'x', tools: [5] },
    { name: 'a', on: 'output', judge: 'x' },
  ]) {
    expect(isShown(draft(guardrail)), JSON.stringify(guardrail)).toBe(false);
    expect(guardrailOf(draft(guardrail))).toEqual(guardrail);
  }
});

test('what can follow is what the server takes', () => {
  const all = (check: Check) => [thensOf('input', check), thensOf('arguments', check), thensOf('output', check)];

  expect(all('deny')).toEqual([['fail'], ['repair', 'fail', 'ask'], ['retry', 'repair', 'fail', 'ask']]);
  expect(all('schema')).toEqual([['fail'], ['repair', 'fail'], ['retry', 'repair', 'fail']]);
  expect(all('judge')).toEqual([['fail'], ['repair', 'fail', 'ask'], ['repair', 'fail', 'ask']]);
  expect(thenOf({}, 'output', 'pattern')).toBe('retry');
});

test('a change leaves out what is no longer possible, and keeps the rest', () => {
  const asks = draft({ name: 'a', on: 'arguments', tools: ['refund'], deny: 'urgent', then: 'ask', later: 1 });

  expect(guardrailOf(withStage(asks, 'output'))).toEqual({
    name: 'a',
    on: 'output',
    deny: 'urgent',
    then: 'ask',
    later: 1,
  });
  expect(guardrailOf(withStage(asks, 'input'))).toEqual({ name: 'a', on: 'input', deny: 'urgent', later: 1 });
  const matches = withCheck(asks, 'pattern');
  expect([matches.config.pattern, matches.config.deny, matches.config.then]).toEqual(['urgent', undefined, 'ask']);
  const fits = withCheck(asks, 'schema');
  expect([checkOf(fits.config), fits.config.then, fits.config.tools]).toEqual(['schema', undefined, ['refund']]);
  expect(withCheck(withKey(asks, 'then', 'fail'), 'schema').config.then).toBe('fail');
  expect(withCheck(fits, 'deny').config).toMatchObject({ deny: '' });
});

test('a schema is text until it is saved, and its digits are kept', () => {
  const fits = { ...withCheck(newGuardrail(0), 'schema'), schema: '{"maximum": 1.50' };

  expect(isReadable(fits)).toBe(false);
  expect(isReadable(withCheck(fits, 'deny'))).toBe(true);
  const saved = guardrailOf({ ...fits, schema: '{"maximum": 1.50}' });
  expect(String((saved.schema as { maximum: unknown }).maximum)).toBe('1.50');
  // The server says what is missing.
  expect(guardrailOf({ ...fits, schema: ' ' })).toEqual({ on: 'output' });
});

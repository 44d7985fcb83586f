// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { expect, it } from 'vitest';
import { sessionPath, sessionValue, withSessionValue } from './session';

const KEY = '${trigger_data.conversation}';

it('reads the key of both forms', () => {
  expect(sessionValue(KEY, 'key')).toBe(KEY);
  expect(sessionValue(KEY, 'max_turns')).toBeUndefined();
  expect(sessionValue({ key: KEY, max_turns: 3 }, 'max_turns')).toBe(3);
  expect(sessionValue({}, 'constructor')).toBeUndefined();
});

it('keeps the short form until another setting needs an object', () => {
  expect(withSessionValue('a', 'key', KEY)).toBe(KEY);
  expect(withSessionValue('a', 'key', undefined)).toBe('');
  expect(withSessionValue(KEY, 'max_turns', 3)).toEqual({ key: KEY, max_turns: 3 });
});

it('keeps keys that it does not know, and their order', () => {
  const session = { summary: true, key: 'a', max_turns: 3 };
  expect(Object.keys(withSessionValue(session, 'key', 'b') as object)).toEqual(['summary', 'key', 'max_turns']);
  expect(withSessionValue(session, 'key', 'b')).toEqual({ summary: true, key: 'b', max_turns: 3 });
  expect(withSessionValue(session, 'max_turns', undefined)).toEqual({ summary: true, key: 'a' });
  expect(withSessionValue(session, 'when_busy', 'wait')).toEqual({ ...session, when_busy: 'wait' });
});

it('finds the faults of the key where the form has it', () => {
  expect(sessionPath('', 'key')).toEqual(['session']);
  expect(sessionPath({}, 'key')).toEqual(['session', 'key']);
  expect(sessionPath('', 'max_turns')).toEqual(['session', 'max_turns']);
});

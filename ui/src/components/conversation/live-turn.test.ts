import { describe, expect, test } from 'vitest';
import type { LiveMessage } from '@/api/types';
import { isOf, type LiveTurn, liveMessageOf, liveTurnAfter, SHOWN_CHARS } from './live-turn';

const piece = (offset: number, text: string, more: object = {}) =>
  ({ event: 'piece', data: { attempt: 1, step: 'turn:1', kind: 'text', offset, text, ...more } }) as LiveMessage;

const heard = (...messages: LiveMessage[]) =>
  messages.reduce<LiveTurn | null>((turn, message) => liveTurnAfter(turn, message), null);

describe('the turn under way', () => {
  test('is put together by the bytes of its text, reasoning apart', () => {
    const turn = heard(piece(0, 'Hm.', { kind: 'reasoning' }), piece(0, 'Grüß '), piece(7, 'dich 🦀'), piece(16, '.'));

    expect(turn?.text).toEqual({ text: 'Grüß dich 🦀.', missed: 0, end: 17 });
    expect(turn?.reasoning.text).toBe('Hm.');
    expect(isOf(turn, 1, 'turn:1') && !isOf(turn, 2, 'turn:1') && !isOf(turn, 1, null)).toBe(true);
  });

  test('begins again with another turn, with a restart, and where a stream begins again', () => {
    const restarted = { event: 'restarted', data: { attempt: 2, step: 'turn:1' } } as LiveMessage;

    expect(heard(piece(0, 'a'), piece(0, 'b', { step: 'turn:2' }))?.text.text).toBe('b');
    expect(heard(piece(0, 'a'), restarted)).toMatchObject({ attempt: 2, text: { text: '', end: 0 } });
    expect(heard(piece(0, 'a'), piece(1, 'b'), piece(0, 'ab'), piece(2, 'c'))?.text.text).toBe('abc');
  });

  test('says how much is left out, of what was skipped and of what is too long', () => {
    const skipped = { event: 'skipped', data: { attempt: 1, step: 'turn:1', kind: 'text', offset: 90, missed: 89 } };
    const long = '🦀'.repeat(SHOWN_CHARS / 2 + 1);

    expect(heard(piece(0, 'a'), skipped as LiveMessage, piece(90, 'b'))?.text).toEqual({
      text: 'b',
      missed: 90,
      end: 91,
    });
    const text = heard(piece(0, long))?.text;
    expect(text?.text).toBe('🦀'.repeat(SHOWN_CHARS / 4));
    expect(text?.missed).toBe(4 * (SHOWN_CHARS / 4 + 1));
  });

  test('stays as it is when it ends, and with what is not known', () => {
    const ended = { event: 'turn', data: { attempt: 1, step: 'turn:1', status: 'completed', seq: 9 } } as LiveMessage;

    expect(heard(piece(0, 'a'), ended)?.text.text).toBe('a');
    expect(liveMessageOf({ id: '', type: 'piece', data: '{' })).toBe(null);
    expect(heard(piece(0, 'a'), liveMessageOf({ id: '', type: 'new', data: '{}' }) as LiveMessage)?.text.text).toBe(
      'a',
    );
  });
});

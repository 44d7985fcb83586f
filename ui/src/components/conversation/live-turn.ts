/** What a model has written of the turn under way, put together from the messages of its stream. All functions are pure. */
import type { LiveMessage } from '@/api/types';
import { parseJsonOr } from '@/lib/json';
import type { SseEvent } from '@/lib/sse';

/** The latest part of a text that grows. */
export interface LiveText {
  text: string;
  /** How many bytes before it are not shown. */
  missed: number;
  /** Where it ends in the whole text, in bytes of UTF-8. */
  end: number;
}

/** The turn under way. */
export interface LiveTurn {
  attempt: number;
  /** The name of the call; `null` for the only call of an attempt. */
  step: string | null;
  text: LiveText;
  reasoning: LiveText;
}

/** Longer texts are shown from behind their beginning. */
export const SHOWN_CHARS = 60_000;
const NONE: LiveText = { text: '', missed: 0, end: 0 };
const encoder = new TextEncoder();

/** Reads a message; `null` for one that is not known. */
export function liveMessageOf({ type, data }: SseEvent): LiveMessage | null {
  const read = parseJsonOr(data);
  return typeof read === 'object' && read !== null ? ({ event: type, data: read } as LiveMessage) : null;
}

/** Returns the turn after a message. What was shown of a turn that has ended stays until something else is. */
export function liveTurnAfter(turn: LiveTurn | null, { event, data }: LiveMessage): LiveTurn | null {
  if (event === 'restarted') return begun(data.attempt, data.step ?? null);
  if (event !== 'piece' && event !== 'skipped') return turn;
  const known = isOf(turn, data.attempt, data.step ?? null) ? turn : begun(data.attempt, data.step ?? null);
  const before = known[data.kind];
  const after = event === 'piece' ? continued(before, data.offset, data.text) : from(data.offset);
  return { ...known, [data.kind]: after };
}

/** Returns whether a turn is the one of this name in this attempt. */
export function isOf(turn: LiveTurn | null, attempt: number, step: string | null): turn is LiveTurn {
  return turn?.attempt === attempt && turn.step === step;
}

function begun(attempt: number, step: string | null): LiveTurn {
  return { attempt, step, text: NONE, reasoning: NONE };
}

function from(offset: number): LiveText {
  return { text: '', missed: offset, end: offset };
}

/** What does not continue what is known begins again, such as the first piece of a stream that was opened again. */
function continued(known: LiveText, offset: number, piece: string): LiveText {
  const before = known.end === offset ? known : from(offset);
  const text = before.text + piece;
  const end = offset + bytes(piece);
  if (text.length <= SHOWN_CHARS) return { ...before, text, end };
  const cut = start(text, text.length - SHOWN_CHARS / 2);
  return { text: text.slice(cut), missed: before.missed + bytes(text.slice(0, cut)), end };
}

/** Returns the place, or that behind the second half of a character. */
function start(text: string, place: number): number {
  const unit = text.charCodeAt(place);
  return unit >= 0xdc00 && unit <= 0xdfff ? place + 1 : place;
}

function bytes(text: string): number {
  return encoder.encode(text).length;
}

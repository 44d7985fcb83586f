/**
 * JSON of users' values: the only place that parses or writes it, so that every number keeps its text.
 *
 * `JSON.parse` rounds integers beyond 2^53 and writes `19.90` as `19.9`. Here a number that JavaScript would write in
 * exactly the same way stays a `number`; every other one becomes an `ExactNumber`. The platform still does the parsing:
 * a scan finds the numbers that it would change, and these pass through it as marked strings.
 *
 * In objects of JavaScript, keys that are whole numbers come first, in ascending order. Where a text has another order, it
 * is remembered for the object that was read, and written again with it. A changed copy of the object has its own order.
 */

/** A JSON number whose text a JavaScript number would change: `19.90`, `1E+2`, `-0`, an integer beyond 2^53. */
export class ExactNumber {
  /** `text` is a JSON number; `readNumber` makes one of any text. */
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  /** The nearest JavaScript number. */
  valueOf(): number {
    return Number(this.text);
  }

  /** What `JSON.stringify` writes in its place; `writeJson` makes a number of it. */
  toJSON(): string {
    return MARK + this.text;
  }
}

/** Any JSON value. */
export type Json = null | boolean | number | ExactNumber | string | readonly Json[] | { readonly [key: string]: Json };

export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'list' | 'object';

/** No text from elsewhere contains it, because it is random. */
const MARK = `number-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('-')}:`;

/** The keys, in the order of the text, of objects in which JavaScript has them in another. */
const KEYS = new WeakMap<object, readonly string[]>();
/** Whether there are such objects: writing takes longer then. */
let hasKeys = false;

const NUMBER = '-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?';
const WHOLE_NUMBER = new RegExp(`^${NUMBER}$`);
const MARKED_NUMBER = new RegExp(`"${MARK}(${NUMBER})"(?!:)`, 'g');
/** An index of an array, as a key of an object: JavaScript puts these first. */
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
const MARKED_KEY = new RegExp(`"${MARK}`, 'g');

/** Reads JSON. Throws a `SyntaxError` that says where for everything else. */
export function parseJson(text: string): Json {
  const plain = JSON.parse(text) as Json;
  const marked = withMarks(text);
  return marked === null ? plain : exact(JSON.parse(marked));
}

/** Reads JSON; `undefined` if `text` is something else. */
export function parseJsonOr(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Writes a value on one line; `undefined` is left out of objects and is `null` elsewhere. */
export function writeJson(value: unknown): string {
  return written(value, 0);
}

/** Writes a value over several lines. */
export function jsonText(value: unknown): string {
  return written(value, 2);
}

function written(value: unknown, indent: number): string {
  const text = JSON.stringify(value, hasKeys ? inOrderOfKeys : undefined, indent) ?? 'null';
  return text.includes(MARK) ? text.replace(MARKED_NUMBER, '$1').replace(MARKED_KEY, '"') : text;
}

/** Returns an object whose order is remembered with marked keys, which JavaScript leaves in that order. */
function inOrderOfKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !KEYS.has(value)) return value;
  return Object.fromEntries(entriesOf(value as Record<string, unknown>).map(([key, child]) => [MARK + key, child]));
}

/** Returns the keys and values of an object in the order in which it is written. */
export function entriesOf<T>(value: Readonly<Record<string, T>>): [string, T][] {
  return KEYS.get(value)?.map((key) => [key, value[key] as T]) ?? Object.entries(value);
}

/** Gives `copy`, which has the same keys, the order that is remembered for `original`. */
export function inOrderOf<T extends object>(original: object, copy: T): T {
  const keys = KEYS.get(original);
  if (keys) KEYS.set(copy, keys);
  return copy;
}

/** Reads a number as it was typed: what JSON can hold keeps its text, `.5` and `007` do not; `null` for what is no number. */
export function readNumber(typed: string): number | ExactNumber | null {
  const text = typed.trim();
  if (WHOLE_NUMBER.test(text) && !isExact(text)) return new ExactNumber(text);
  return text === '' ? null : numberOf(Number(text));
}

/** Returns the nearest JavaScript number, for calculations; `null` for what is no number or beyond the largest. */
export function numberOf(value: unknown): number | null {
  const number = value instanceof ExactNumber ? value.valueOf() : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** Returns an answer in which all numbers are JavaScript's; only for answers without values of users. */
export function withPlainNumbers<T>(answer: T): T {
  return JSON.parse(
    JSON.stringify(answer, (_, value) => (isExactText(value) ? Number(value.slice(MARK.length)) : value)),
  );
}

/** Returns the kind of a JSON value; `null` for what is none, such as `undefined`. */
export function kindOf(value: unknown): JsonKind | null {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof ExactNumber) return 'number';
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' || type === 'object' ? type : null;
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return kindOf(value) === 'object';
}

/** Whether a value is a JSON number. */
export function isNumber(value: unknown): value is number | ExactNumber {
  return kindOf(value) === 'number';
}

/** Whether two values are the same JSON: numbers by their texts; the order of keys does not count. */
export function isSameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left instanceof ExactNumber && right instanceof ExactNumber) return left.text === right.text;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, at) => isSameJson(item, right[at]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = definedKeys(left);
  return (
    keys.length === definedKeys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key], right[key]))
  );
}

/** A key without a value is not written. */
function definedKeys(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

/** Whether JavaScript writes a number as `text`. */
function isExact(text: string): boolean {
  return String(Number(text)) === text;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;

/**
 * Returns valid JSON with a marked string for each number that JavaScript would change, and a mark before each key that it
 * would move; `null` if there is none.
 */
function withMarks(text: string): string | null {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isIndex(text, at, end)) {
        parts.push(text.slice(copied, at + 1), MARK);
        copied = at + 1;
      }
      at = end;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      const number = text.slice(at, end);
      if (!isExact(number)) {
        parts.push(text.slice(copied, at), '"', MARK, number, '"');
        copied = end;
      }
      at = end;
    } else {
      at += 1;
    }
  }
  return parts.length === 0 ? null : parts.join('') + text.slice(copied);
}

/** Whether the string between two indexes is a key that is an index of an array. */
function isIndex(text: string, start: number, end: number): boolean {
  if (!isDigit(text.charCodeAt(start + 1)) || !INDEX.test(text.slice(start + 1, end - 1))) return false;
  let after = end;
  while (isSpace(text.charCodeAt(after))) after += 1;
  return text.charCodeAt(after) === COLON;
}

/** Returns the index after the string that starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

/** Whether an odd number of backslashes precedes an index. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

/** Returns the index after the number that starts at `start`. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (isOfNumber(text.charCodeAt(end))) end += 1;
  return end;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Whether a number can go on with a character: a digit, `.`, `e`, `E`, `+` or `-`. */
function isOfNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS;
}

/** Replaces what is marked inside a value that was just parsed, in place where its keys are not. */
function exact(value: Json): Json {
  if (isExactText(value)) return new ExactNumber(value.slice(MARK.length));
  if (typeof value !== 'object' || value === null) return value;
  const children = value as Record<string, Json>;
  let isMarked = false;
  // Also for lists: `Object.keys` would make a text of every index.
  for (const key in children) {
    isMarked ||= key.startsWith(MARK);
    const child = children[key] as Json;
    if (typeof child !== 'object' && typeof child !== 'string') continue;
    const next = exact(child);
    if (next !== child) children[key] = next;
  }
  return isMarked ? withoutMarks(children) : value;
}

/** Returns an object with its keys as they were before marks, and remembers their order. */
function withoutMarks(marked: Record<string, Json>): Json {
  const entries = Object.entries(marked).map(([key, child]): [string, Json] => [unmarked(key), child]);
  const value = Object.fromEntries(entries);
  const keys = [...new Set(entries.map(([key]) => key))];
  if (Object.keys(value).some((key, at) => key !== keys[at])) {
    KEYS.set(value, keys);
    hasKeys = true;
  }
  return value;
}

function unmarked(key: string): string {
  return key.startsWith(MARK) ? key.slice(MARK.length) : key;
}

function isExactText(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(MARK);
}

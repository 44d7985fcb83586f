/**
 * Values in place of node outputs, kept in this browser: what a test of a node gave, and what was typed.
 *
 * Best effort: what does not fit or cannot be read is dropped.
 */
import { parseJson, writeJson } from '@/lib/json';

/** The name of the trigger data among node ids, which are never empty. */
export const TRIGGER = '';

/** `test`: what a test of the node gave. `hand`: what was typed in its place. */
export type Source = 'test' | 'hand';

export interface Kept {
  /** JSON, or what is being typed. */
  text: string;
  /** When, in milliseconds since the epoch. */
  at: number;
  /** The fingerprint of the node at that time. */
  of: string;
}

/** What is kept for one name. */
export type Pins = Readonly<Partial<Record<Source, Kept>>>;

const STORED_AS = 'steadflow.pins';
const CHARS_MAX = 1_000_000;
export const PIN_CHARS_MAX = 200_000;

/** A flow's id, a node's id or `TRIGGER`, where the value is from, JSON, and the rest of `Kept`; newest last. */
type Entry = readonly [flow: string, name: string, source: Source, text: string, at: number, of: string];

/** Returns the pins of a flow, by name. */
export function readPins(flow: string): ReadonlyMap<string, Pins> {
  const pins = new Map<string, Pins>();
  for (const [of, name, source, text, at, fingerprint] of entries()) {
    if (of === flow) pins.set(name, { ...pins.get(name), [source]: { text, at, of: fingerprint } });
  }
  return pins;
}

/** Stores a pin; the oldest pins of any flow are dropped to make room. A pin that is too large is dropped with the one it replaces. */
export function keepPin(flow: string, name: string, source: Source, { text, at, of }: Kept): void {
  const others = entries().filter((entry) => !isOf(entry, flow, name) || entry[2] !== source);
  const kept: Entry[] = text.length > PIN_CHARS_MAX ? others : [...others, [flow, name, source, text, at, of]];
  while (sizeOf(kept) > CHARS_MAX) kept.shift();
  store(kept);
}

/** Removes what is kept for a name. */
export function dropPins(flow: string, name: string): void {
  store(entries().filter((entry) => !isOf(entry, flow, name)));
}

function isOf([of, other]: Entry, flow: string, name: string): boolean {
  return of === flow && other === name;
}

function sizeOf(all: readonly Entry[]): number {
  return all.reduce((sum, [flow, name, , text]) => sum + flow.length + name.length + text.length, 0);
}

function entries(): Entry[] {
  try {
    const read: unknown = parseJson(localStorage.getItem(STORED_AS) ?? '[]');
    return Array.isArray(read) ? read.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function store(all: readonly Entry[]): void {
  try {
    localStorage.setItem(STORED_AS, writeJson(all));
  } catch {
    // The browser's storage is full or disabled; pins are then not kept.
  }
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [flow, name, source, text, at, of] = value;
  return (
    [flow, name, text, of].every((part) => typeof part === 'string') &&
    (source === 'test' || source === 'hand') &&
    typeof at === 'number'
  );
}

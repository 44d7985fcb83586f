/**
 * Values that were pinned in place of node outputs, kept in this browser: by flow and name, as the text that was typed.
 *
 * Best effort: what does not fit or cannot be read is dropped.
 */

import { parseJson, writeJson } from '@/lib/json';

/** The name of the trigger data among node ids, which are never empty. */
export const TRIGGER = '';

const STORED_AS = 'steadflow.pins';
const CHARS_MAX = 200_000;
const PIN_CHARS_MAX = 50_000;

/** A flow's id, a node's id or `TRIGGER`, and JSON; newest last. */
type Entry = readonly [flow: string, name: string, text: string];

/** Returns the pins of a flow, by name. */
export function readPins(flow: string): ReadonlyMap<string, string> {
  return new Map(entries().flatMap(([of, name, text]) => (of === flow ? [[name, text] as const] : [])));
}

/** Stores a pin; the oldest pins of any flow are dropped to make room. A pin that is too large is dropped with the one it replaces. */
export function keepPin(flow: string, name: string, text: string): void {
  const others = entries().filter(([of, other]) => of !== flow || other !== name);
  const kept: Entry[] = text.length > PIN_CHARS_MAX ? others : [...others, [flow, name, text]];
  while (sizeOf(kept) > CHARS_MAX) kept.shift();
  store(kept);
}

/** Removes a pin. */
export function dropPin(flow: string, name: string): void {
  store(entries().filter(([of, other]) => of !== flow || other !== name));
}

function sizeOf(all: readonly Entry[]): number {
  return all.reduce((sum, [flow, name, text]) => sum + flow.length + name.length + text.length, 0);
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
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string');
}

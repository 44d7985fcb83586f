/** The value that stands for the output of a node while another one is tested, and where it comes from. All functions are pure. */
import type { FlowNode } from '@/api/types';
import { jsonText, parseJsonOr, writeJson } from '@/lib/json';
import type { Kept, Pins, Source } from './pins';

/** A value of an execution. */
export interface Executed {
  value: unknown;
  /** When the execution was created. */
  at: string;
  /** The fingerprint that the node had in it; `null` for the trigger data, and where it is not known. */
  of: string | null;
}

export interface Pin {
  /** A node's id, or `TRIGGER`. */
  name: string;
  /** The value as JSON, or what is being typed; empty where there is none. */
  text: string;
  /** The value; `null` where there is none, or what is typed is not valid JSON. */
  reading: { value: unknown } | null;
  origin: Source | 'execution' | 'nothing';
  /** When it was made, in milliseconds since the epoch; `null` where there is none. */
  at: number | null;
  /** Whether the node was changed since. */
  isStale: boolean;
}

/** Returns the pin of a node or of the trigger data: the newer of what a test gave and what was typed, else of the last execution. */
export function pinOf(
  name: string,
  pins: Pins | undefined,
  executed: Executed | undefined,
  node: FlowNode | undefined,
): Pin {
  const { test, hand } = pins ?? {};
  const now = node ? fingerprintOf(node) : null;
  if (test && (!hand || test.at >= hand.at)) {
    return { ...keptPin(name, test), origin: 'test', isStale: now !== null && now !== test.of };
  }
  // What was typed is what somebody wants, whatever the node does.
  if (hand) return { ...keptPin(name, hand), origin: 'hand', isStale: false };
  if (!executed) return { name, text: '', reading: null, origin: 'nothing', at: null, isStale: false };
  const { value, at, of } = executed;
  const isStale = now !== null && of !== null && now !== of;
  return { name, text: textOf(value), reading: { value }, origin: 'execution', at: Date.parse(at), isStale };
}

function keptPin(name: string, kept: Kept) {
  return { name, text: kept.text, reading: readingOf(kept), at: kept.at };
}

const READINGS = new WeakMap<Kept, Pin['reading']>();

function readingOf(kept: Kept): Pin['reading'] {
  const known = READINGS.get(kept);
  if (known !== undefined) return known;
  const value = parseJsonOr(kept.text);
  const reading = value === undefined ? null : { value };
  READINGS.set(kept, reading);
  return reading;
}

const TEXTS = new WeakMap<object, string>();

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return jsonText(value);
  const text = TEXTS.get(value) ?? jsonText(value);
  TEXTS.set(value, text);
  return text;
}

/** Returns a short text that differs when a node does something else: its name, note and place do not count. */
export function fingerprintOf(node: FlowNode): string {
  const known = FINGERPRINTS.get(node);
  if (known !== undefined) return known;
  const { id: _id, name: _name, note: _note, position: _position, ...does } = node;
  const print = hashOf(writeJson(Object.entries(does).toSorted(([a], [b]) => (a < b ? -1 : 1))));
  FINGERPRINTS.set(node, print);
  return print;
}

const FINGERPRINTS = new WeakMap<FlowNode, string>();

/** FNV-1a, twice with different seeds: enough to notice a change. */
function hashOf(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
  }
  return `${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}

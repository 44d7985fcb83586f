/** Keeps what is the same between two readings of an answer, so that it is not rendered again. */
import { ExactNumber, inOrderOf, isRecord, isSameJson } from './json';
import { own } from './own';

/** Returns `after` with every part that `before` has, too, taken from there; `before` itself if nothing differs. */
export function sharedJson(before: unknown, after: unknown): unknown {
  if (before === after) return after;
  if (after instanceof ExactNumber) return isSameJson(before, after) ? before : after;
  if (Array.isArray(before) && Array.isArray(after)) return sharedList(before, after);
  return isPlain(before) && isPlain(after) ? sharedObject(before, after) : after;
}

function sharedList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const items = after.map((item, at) => sharedJson(before[at], item));
  return items.length === before.length && items.every((item, at) => item === before[at]) ? before : items;
}

function sharedObject(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(after).map(([key, item]) => [key, sharedJson(own(before, key), item)] as const);
  const isSame = entries.every(([key, item]) => Object.hasOwn(before, key) && item === before[key]);
  if (isSame && entries.length === Object.keys(before).length) return before;
  return inOrderOf(after, Object.fromEntries(entries));
}

/** Whether a value is an object as JSON has them, not a `Map` or another class. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/** The journal as a list that grows by whole records. All functions are pure. */
import type { JournalEvent } from '@/api/types';

/** Returns the number of the last record; 0 before the first. */
export function lastSeq(events: readonly JournalEvent[]): number {
  return events.at(-1)?.seq ?? 0;
}

/** Returns `known` with the later records of `more`; the same list if there are none. */
export function joined(known: readonly JournalEvent[], more: readonly JournalEvent[]): readonly JournalEvent[] {
  const last = lastSeq(known);
  const later = more.filter((event) => event.seq > last);
  return later.length > 0 ? [...known, ...later] : known;
}

/** Whether records are missing between `known` and `more`. */
export function hasGap(known: readonly JournalEvent[], more: readonly JournalEvent[]): boolean {
  const first = more[0];
  return first !== undefined && first.seq > lastSeq(known) + 1;
}

/** In which order the groups stand. All functions are pure. */
import type { FailureGroup } from '@/api/reports';

/** By how many, by when the last failed, by when the first did; each with the most or the newest on top. */
export const ORDERS = ['count', 'last', 'first'] as const;
export type Order = (typeof ORDERS)[number];

export function keyOf(group: Pick<FailureGroup, 'flow_id' | 'fingerprint'>): string {
  return `${group.flow_id} ${group.fingerprint}`;
}

export function sorted(groups: readonly FailureGroup[], order: Order): FailureGroup[] {
  const newest = (a: string, b: string) => Date.parse(b) - Date.parse(a);
  return [...groups].sort((a, b) => {
    if (order === 'first') return newest(a.first_seen, b.first_seen) || b.count - a.count;
    if (order === 'last') return newest(a.last_seen, b.last_seen) || b.count - a.count;
    return b.count - a.count || newest(a.last_seen, b.last_seen);
  });
}

/** Leaves the groups where they stood in `before`, so that none moves from under a pointer; new ones come last. */
export function held(groups: readonly FailureGroup[], before: readonly string[]): FailureGroup[] {
  const places = new Map(before.map((key, place) => [key, place]));
  const placeOf = (group: FailureGroup) => places.get(keyOf(group)) ?? before.length;
  return [...groups].sort((a, b) => placeOf(a) - placeOf(b));
}

/** The order of the groups. All functions are pure. */
import type { FailureGroup } from '@/api/reports';

/** By count, by last failure, by first failure; the largest or newest first. */
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

/** Keeps the order of `before`, so that no group moves under the pointer; new groups come last. */
export function held(groups: readonly FailureGroup[], before: readonly string[]): FailureGroup[] {
  const places = new Map(before.map((key, place) => [key, place]));
  const placeOf = (group: FailureGroup) => places.get(keyOf(group)) ?? before.length;
  return [...groups].sort((a, b) => placeOf(a) - placeOf(b));
}

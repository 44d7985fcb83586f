import { type RefObject, useLayoutEffect, useRef } from 'react';

/**
 * Keeps what one reads where it is while rows come and go above it.
 *
 * Rows are equally high, so the place of the first visible row before and after says how far to move. At the very top
 * the list follows the newest.
 */
export function useAnchor(scroller: RefObject<HTMLElement | null>, ids: readonly string[], rowHeight: number): void {
  const before = useRef(ids);
  useLayoutEffect(() => {
    const element = scroller.current;
    const old = before.current;
    before.current = ids;
    if (!element || old === ids || element.scrollTop === 0) return;
    element.scrollTop += rowsMoved(old, ids, Math.floor(element.scrollTop / rowHeight)) * rowHeight;
  }, [scroller, ids, rowHeight]);
}

/** Returns by how many rows the one at `first` moved down; the next one that is still there counts where it is gone. */
function rowsMoved(old: readonly string[], now: readonly string[], first: number): number {
  const places = new Map(now.map((id, place) => [id, place]));
  for (let at = first; at < Math.min(old.length, first + 50); at += 1) {
    const place = places.get(old[at] ?? '');
    if (place !== undefined) return place - at;
  }
  return 0;
}

import { type RefObject, useLayoutEffect, useRef } from 'react';

/**
 * Keeps the visible rows in place while rows come and go above them.
 *
 * Rows have the same height, so the index of the first visible row before and after gives the distance. At the very top
 * the list follows the newest rows.
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

/** Returns by how many rows the row at `first` moved down; if it is gone, the next remaining row counts. */
function rowsMoved(old: readonly string[], now: readonly string[], first: number): number {
  const places = new Map(now.map((id, place) => [id, place]));
  for (let at = first; at < Math.min(old.length, first + 50); at += 1) {
    const place = places.get(old[at] ?? '');
    if (place !== undefined) return place - at;
  }
  return 0;
}

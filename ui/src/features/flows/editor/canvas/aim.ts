/** The edge that something dragged would be put into: found by what is drawn at a point, and marked there. */
import type { Point } from '../document/positions';

const MARK = 'data-aimed';

/** Marks the edge at the first point that has one, and returns its key; `null` where there is none. */
export function aimAt(...points: readonly Point[]): string | null {
  const edges = points.map(edgeAt);
  const edge = edges.find((one) => one !== null) ?? null;
  const before = document.querySelector(`[${MARK}]`);
  if (before !== edge) before?.removeAttribute(MARK);
  edge?.setAttribute(MARK, '');
  return edge?.getAttribute('data-id') ?? null;
}

/** Ends the marking. */
export function aimAway(): void {
  aimAt();
}

/** Links that show what undoes a node are no edges. */
function edgeAt({ x, y }: Point): Element | null {
  const found = document.elementsFromPoint(x, y).map((element) => element.closest('.react-flow__edge'));
  return found.find((edge) => edge?.classList.contains('selectable')) ?? null;
}

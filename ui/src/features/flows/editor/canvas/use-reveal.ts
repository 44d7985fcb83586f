import { useReactFlow, useStoreApi } from '@xyflow/react';
import { useCallback } from 'react';
import { useDraftStore } from '../document/draft-context';
import { NODE_HEIGHT, NODE_WIDTH, positionsOf } from '../document/positions';

/** What covers the edges of the canvas, in pixels: its controls above, the list of problems below. */
const COVERED = { left: 32, top: 60, right: 32, bottom: 190 };

/**
 * Scrolls a node into view, moving the canvas no further than needed. Without animation: who has just placed a node aims at
 * its handles next, and must not miss them. With `focus`, keys go on from the node.
 */
export function useReveal(): (id: string, then?: 'focus') => void {
  const store = useDraftStore();
  const { getViewport, setViewport } = useReactFlow();
  const canvas = useStoreApi();
  return useCallback(
    (id, then) =>
      // The inspector of a new node opens first, and may change the size of the canvas.
      requestAnimationFrame(() => {
        // The canvas knows a new node only after rendering it; the draft knows it already.
        const at = positionsOf(store.getState().graph).get(id);
        if (!at) return;
        const { width, height } = canvas.getState();
        const { x, y, zoom } = getViewport();
        const dx = shift(at.x * zoom + x, NODE_WIDTH * zoom, COVERED.left, width - COVERED.right);
        const dy = shift(at.y * zoom + y, NODE_HEIGHT * zoom, COVERED.top, height - COVERED.bottom);
        if (dx !== 0 || dy !== 0) void setViewport({ x: x + dx, y: y + dy, zoom });
        if (then === 'focus') requestAnimationFrame(() => focusNode(id));
      }),
    [canvas, getViewport, setViewport, store],
  );
}

/** Moves the focus to a node, from where keys go on. */
function focusNode(id: string): void {
  document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}

function shift(start: number, length: number, least: number, most: number): number {
  if (start < least) return least - start;
  return Math.min(0, Math.max(most - start - length, least - start));
}

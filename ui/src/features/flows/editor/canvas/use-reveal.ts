import { useReactFlow, useStoreApi } from '@xyflow/react';
import { useCallback } from 'react';
import { NODE_HEIGHT, NODE_WIDTH } from '../document/positions';

/** What covers the edges of the canvas, in pixels: the inspector on the right, the list of problems below. */
const COVERED = { left: 40, top: 60, right: 388, bottom: 190 };
const NARROW_BELOW = 700;

/** Scrolls a node into view, moving the canvas no further than needed. */
export function useReveal(): (id: string) => void {
  const { getNode, getViewport, setViewport } = useReactFlow();
  const canvas = useStoreApi();
  return useCallback(
    (id) =>
      // The canvas knows a new node only after rendering it.
      requestAnimationFrame(() => {
        const at = getNode(id)?.position;
        if (!at) return;
        const { width, height } = canvas.getState();
        const { x, y, zoom } = getViewport();
        const right = width < NARROW_BELOW ? 16 : COVERED.right;
        const dx = shift(at.x * zoom + x, NODE_WIDTH * zoom, COVERED.left, width - right);
        const dy = shift(at.y * zoom + y, NODE_HEIGHT * zoom, COVERED.top, height - COVERED.bottom);
        if (dx !== 0 || dy !== 0) void setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 180 });
      }),
    [canvas, getNode, getViewport, setViewport],
  );
}

function shift(start: number, length: number, least: number, most: number): number {
  if (start < least) return least - start;
  return Math.min(0, Math.max(most - start - length, least - start));
}

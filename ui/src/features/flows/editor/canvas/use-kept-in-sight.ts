import { useReactFlow, useStore, type Viewport } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { useDraftStore } from '../document/draft-context';
import type { CanvasActions } from './use-actions';

/**
 * Keeps the selected node in sight while what is beside the canvas takes its room, and moves the canvas back afterwards,
 * unless somebody has moved it meanwhile.
 */
export function useKeptInSight(reveal: CanvasActions['reveal']) {
  const store = useDraftStore();
  const { getViewport, setViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const last = useRef({ width, node: null as string | null, before: null as Viewport | null });
  useEffect(() => {
    const { nodes, edges } = store.getState().selection;
    const was = last.current;
    const isNarrower = width < was.width;
    const node = nodes.length === 1 && edges.length === 0 ? nodes[0] : undefined;
    was.width = width;
    if (width <= 0) return;
    if (node !== undefined) {
      if (isNarrower) was.before ??= getViewport();
      was.node = node;
      reveal(node);
      return;
    }
    if (isNarrower || !was.before || edges.length + nodes.length > 0) return;
    void setViewport(was.before);
    was.before = null;
    if (was.node !== null) reveal(was.node);
  }, [width, reveal, store, getViewport, setViewport]);
  return {
    onMoveStart: (event: unknown) => {
      // What the page itself moves has no event.
      if (event) last.current.before = null;
    },
  };
}

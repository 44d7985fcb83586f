import { useReactFlow } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { useDraft } from '../document/draft-context';
import { fitHere } from './view';

/** Fits the graph into the canvas when another one is shown there. */
export function useFitOnEntry(): void {
  const inside = useDraft((state) => state.inside);
  const shown = useRef(inside);
  const { fitView } = useReactFlow();
  useEffect(() => {
    if (shown.current === inside) return;
    shown.current = inside;
    // The canvas knows the nodes of the graph only after rendering them.
    requestAnimationFrame(() => void fitView(fitHere()));
  }, [inside, fitView]);
}

import { useReactFlow } from '@xyflow/react';
import { useEffect } from 'react';
import { NODE_HEIGHT, NODE_WIDTH } from './graph-layout';

const ZOOM = 0.8;

/** Scrolls a graph that does not fit to the most important node. */
export function GraphReveal({ place }: { place: { x: number; y: number } | undefined }) {
  const { setCenter } = useReactFlow();
  const x = place?.x;
  const y = place?.y;
  useEffect(() => {
    if (x === undefined || y === undefined) return;
    void setCenter(x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2, { zoom: ZOOM });
  }, [setCenter, x, y]);
  return null;
}

/** How a flow fits into the canvas, with room for what covers its edges. */
import type { FitViewOptions } from '@xyflow/react';

/** All of it above the list of problems, at most at 100 %. */
export const FIT: FitViewOptions = { maxZoom: 1, padding: { x: '48px', top: '64px', bottom: '64px' } };

/** On a phone, a readable part is better than an unreadable whole. */
export const FIT_NARROW: FitViewOptions = {
  maxZoom: 1,
  minZoom: 0.55,
  padding: { x: '16px', top: '64px', bottom: '96px' },
};

export function fitHere(): FitViewOptions {
  return window.innerWidth <= 860 ? FIT_NARROW : FIT;
}

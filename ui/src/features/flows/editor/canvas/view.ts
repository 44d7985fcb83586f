/** How a flow fits into the canvas, with room for what covers its edges. */
import type { FitViewOptions } from '@xyflow/react';
import type { DraftState } from '../document/draft-store';

/** All of it above the list of problems, at most at 100 %. */
export const FIT: FitViewOptions = { maxZoom: 1, padding: { x: '48px', top: '64px', bottom: '64px' } };

/** On a phone, a readable part is better than an unreadable whole. */
export const FIT_NARROW: FitViewOptions = {
  maxZoom: 1,
  minZoom: 0.55,
  padding: { x: '16px', top: '64px', bottom: '96px' },
};

/** As `FIT`, beside the inspector. */
const FIT_BESIDE: FitViewOptions = {
  maxZoom: 1,
  padding: { left: '48px', right: '396px', top: '64px', bottom: '64px' },
};

export function fitOf({ selection }: DraftState): FitViewOptions {
  if (window.innerWidth <= 860) return FIT_NARROW;
  return selection.nodes.length + selection.edges.length > 0 ? FIT_BESIDE : FIT;
}

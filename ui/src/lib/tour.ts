/** How far the tour of this browser has come. */
import { useSyncExternalStore } from 'react';

/** `new` was never begun; `over` was finished or skipped; else the flow that the tour has made, empty before that. */
export type TourState = 'new' | 'over' | { flow: string };

const STORED_AS = 'steadflow.tour';
const listeners = new Set<() => void>();

export function tourOf(stored: string | null): TourState {
  if (stored === null) return 'new';
  return stored === 'over' ? 'over' : { flow: stored.replace(/^flow:/, '') };
}

function set(value: string): void {
  localStorage.setItem(STORED_AS, value);
  for (const listener of listeners) listener();
}

export const startTour = () => set('flow:');
export const endTour = () => set('over');
export const keepFlow = (flow: string) => set(`flow:${flow}`);

export function useTour(): TourState {
  const stored = useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => localStorage.getItem(STORED_AS),
  );
  return tourOf(stored);
}

import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { DraftState, DraftStore } from './draft-store';

export const DraftContext = createContext<DraftStore | null>(null);

/** Returns the store itself, for event handlers. */
export function useDraftStore(): DraftStore {
  const store = useContext(DraftContext);
  if (!store) throw new Error('There is no draft around this component.');
  return store;
}

/** Returns a part of the draft; rerenders when that part changes. */
export function useDraft<T>(select: (state: DraftState) => T): T {
  return useStore(useDraftStore(), select);
}

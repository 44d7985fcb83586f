import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { DraftState, DraftStore } from './draft-store';

export const DraftContext = createContext<DraftStore | null>(null);

/** The store itself, for what happens in handlers. */
export function useDraftStore(): DraftStore {
  const store = useContext(DraftContext);
  if (!store) throw new Error('There is no draft around this component.');
  return store;
}

/** A part of the draft; renders again when that part changes. */
export function useDraft<T>(select: (state: DraftState) => T): T {
  return useStore(useDraftStore(), select);
}

import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Keeper, Keeping } from './keeper';

export const KeeperContext = createContext<Keeper | null>(null);

/** Returns what keeps the draft; `null` where nobody may change it. */
export function useKeeper(): Keeper | null {
  return useContext(KeeperContext);
}

const NOTHING: Keeping = { at: 'server', reason: null, last: null, theirs: null, leftover: null };
const NO_STORE = { getState: () => NOTHING, getInitialState: () => NOTHING, subscribe: () => () => undefined };

/** Returns a part of where the draft is kept. */
export function useKeeping<T>(select: (keeping: Keeping) => T): T {
  return useStore(useKeeper()?.keeping ?? NO_STORE, select);
}

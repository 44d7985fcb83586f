import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Bench, BenchState } from './bench';

export const BenchContext = createContext<Bench | null>(null);

/** Returns the bench itself, for event handlers. */
export function useBenchStore(): Bench {
  const bench = useContext(BenchContext);
  if (!bench) throw new Error('There is no bench around this component.');
  return bench;
}

/** Returns a part of the bench; rerenders when that part changes. */
export function useBench<T>(select: (state: BenchState) => T): T {
  return useStore(useBenchStore(), select);
}

/** Whether the server is reachable, updated by every request; shown by the offline banner. */
import { useSyncExternalStore } from 'react';

type Listener = () => void;

const listeners = new Set<Listener>();
let reachable = true;

/** Whether the last request reached the server. */
export function useReachable(): boolean {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => reachable,
  );
}

export function reportReachable(value: boolean): void {
  if (value === reachable) return;
  reachable = value;
  for (const listener of listeners) listener();
}

/** Calls `listener` whenever reachability changes, until the returned function is called. */
export function onReachable(listener: (reachable: boolean) => void): () => void {
  const wrapped = () => listener(reachable);
  listeners.add(wrapped);
  return () => listeners.delete(wrapped);
}

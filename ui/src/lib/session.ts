/** Whether the server requires authentication; then the studio shows its sign-in. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let isRefused = false;

export function reportRefused(refused: boolean): void {
  if (refused === isRefused) return;
  isRefused = refused;
  for (const listener of listeners) listener();
}

export function useRefused(): boolean {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => isRefused,
  );
}

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

/** Resolves as soon as the server knows who asks; at once where it does, and when `signal` is aborted. */
export function whenAdmitted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (isRefused && !signal.aborted) return;
      listeners.delete(check);
      signal.removeEventListener('abort', check);
      resolve();
    };
    listeners.add(check);
    signal.addEventListener('abort', check);
    check();
  });
}

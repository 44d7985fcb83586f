/** Whether something that opens from anywhere in the app is open. */
import { useSyncExternalStore } from 'react';

export function openStore() {
  const listeners = new Set<() => void>();
  let isOpen = false;
  const set = (open: boolean) => {
    isOpen = open;
    for (const listener of listeners) listener();
  };
  const listen = (changed: () => void) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  };
  return { set, useIsOpen: () => useSyncExternalStore(listen, () => isOpen) };
}

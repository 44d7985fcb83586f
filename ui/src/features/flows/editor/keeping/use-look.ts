import { useEffect } from 'react';
import type { Keeper } from './keeper';

const EVERY_MS = 15_000;

/** Looks for what others make of the draft: now and then, and when somebody comes back to the page. */
export function useLook(keeper: Keeper, isKept: boolean): void {
  useEffect(() => {
    if (!isKept) return;
    const look = () => {
      if (document.visibilityState === 'visible') keeper.look().catch(() => undefined);
    };
    const timer = setInterval(look, EVERY_MS);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [keeper, isKept]);
}

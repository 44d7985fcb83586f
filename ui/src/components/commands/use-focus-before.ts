import { useCallback, useState } from 'react';

/** Returns a function that gives the focus back to what had it when this was first rendered. */
export function useFocusBefore(): () => void {
  const [before] = useState(() => document.activeElement);
  return useCallback(() => {
    if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
  }, [before]);
}

import { useEffect } from 'react';

const DIALOG = '[role="dialog"]';
/** What dialogs are in, beside the application. */
const PORTAL = '[data-mantine-shared-portal-node], [data-portal]';
/** What closes when something in it is chosen, so that nothing can go back there. */
const PASSING = `${DIALOG}, [role="menu"], [role="listbox"]`;

/**
 * Gives the focus back to what had it before when a dialog or drawer is gone, so that nobody who uses the keyboard begins at the top of
 * the page again. The library does that only for dialogs that stay mounted while they are closed.
 */
export function useFocusReturn(): void {
  useEffect(() => {
    let last: HTMLElement | null = null;
    const remember = ({ target }: FocusEvent) => {
      if (target instanceof HTMLElement && !target.closest(PASSING)) last = target;
    };
    const isDialog = (node: Node) =>
      node instanceof Element && (node.matches(DIALOG) || node.querySelector(DIALOG) !== null);
    const gone = new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) watch(node);
      const isGone = changes.some(({ removedNodes }) => [...removedNodes].some(isDialog));
      const isLost = document.activeElement === document.body || document.activeElement === null;
      if (isGone && isLost && last?.isConnected) last.focus({ preventScroll: true });
    });
    const watch = (node: Node) => {
      if (node instanceof Element && node.matches(PORTAL)) gone.observe(node, { childList: true, subtree: true });
    };
    document.addEventListener('focusin', remember);
    gone.observe(document.body, { childList: true });
    for (const child of document.body.children) watch(child);
    return () => {
      document.removeEventListener('focusin', remember);
      gone.disconnect();
    };
  }, []);
}

import { useEffect } from 'react';

/** Elements that handle keys themselves. */
const ELSEWHERE =
  'input:not([type="checkbox"]), textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]';

export interface InboxKeys {
  /** Moves to the row `by` rows further. */
  onMove: (by: number) => void;
  onToggle: () => void;
  /** Decides on all that is selected; returns whether something is. */
  onBulk: (verdict: 'approved' | 'rejected') => boolean;
  onLeave: () => void;
}

const MOVES: Readonly<Record<string, number>> = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

/** The keys of the inbox. A key leads to a button, which says what Enter does: nothing is decided by one key. */
export function useInboxKeys(keys: InboxKeys): void {
  useEffect(() => {
    // Before the keys of every page, which listen on the window.
    const listen = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element))
        return;
      const handles = isComment(target)
        ? actInComment(event.key)
        : !target.closest(ELSEWHERE) && act(event, target, keys);
      if (handles) event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [keys]);
}

function act({ key, repeat }: KeyboardEvent, target: Element, keys: InboxKeys): boolean {
  const move = MOVES[key];
  if (move !== undefined) {
    // Elsewhere, arrow keys scroll.
    if (key.startsWith('Arrow') && !target.closest('[data-approval]')) return false;
    keys.onMove(move);
    return true;
  }
  if (repeat) return false;
  switch (key) {
    case 'x':
      keys.onToggle();
      return true;
    case 'a':
      return keys.onBulk('approved') || focusAct('approve');
    case 'r':
      return keys.onBulk('rejected') || focusAct('comment') || focusAct('reject');
    case 'e':
      return clickAct('edit');
    case 'Escape':
      keys.onLeave();
      return true;
    default:
      return false;
  }
}

function isComment(target: Element): boolean {
  return target.matches('[data-act="comment"]');
}

function actInComment(key: string): boolean {
  if (key === 'Enter') return focusAct('reject');
  return key === 'Escape' && focusAct('approve');
}

function actOf(name: string): HTMLElement | null {
  return document.querySelector(`[data-detail] [data-act="${name}"]`);
}

function focusAct(name: string): boolean {
  const found = actOf(name);
  found?.focus();
  return found !== null;
}

function clickAct(name: string): boolean {
  const found = actOf(name);
  found?.click();
  return found !== null;
}

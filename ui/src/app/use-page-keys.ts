import { useHotkeys, useWindowEvent } from '@mantine/hooks';
import { openPalette } from './palette-store';
import { focusRow, isRowFocused } from './row-focus';

/** Elements that handle keys themselves. */
const ELSEWHERE = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]';

const STEPS: Readonly<Record<string, number>> = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

/** The keyboard shortcuts of every page. */
export function usePageKeys(onHelp: () => void): void {
  useHotkeys([['mod+K', openPalette]], [], true);
  useWindowEvent('keydown', (event) => {
    if (
      event.isComposing ||
      event.defaultPrevented ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      !(event.target instanceof Element)
    ) {
      return;
    }
    if (event.key === 'Escape') return leaveSearch(event);
    if (event.target.closest(ELSEWHERE)) return;
    if (act(event.key, onHelp)) event.preventDefault();
  });
}

function act(key: string, onHelp: () => void): boolean {
  if (key === '?') {
    onHelp();
    return true;
  }
  if (key === '/') return focusSearch();
  const step = STEPS[key];
  // While no row has focus, arrow keys scroll the page.
  if (step === undefined || (key.startsWith('Arrow') && !isRowFocused())) return false;
  return focusRow(step);
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>('main input[type="search"]');
  search?.focus();
  search?.select();
  return search !== null;
}

/** Leaves the search field, so that the next key reaches the list. Some browsers would also clear it. */
function leaveSearch(event: KeyboardEvent): void {
  if (!(event.target instanceof HTMLInputElement) || event.target.type !== 'search') return;
  event.target.blur();
  event.preventDefault();
}

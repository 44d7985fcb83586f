import { useCallback, useEffect, useMemo, useState } from 'react';
import { extended, hasSelected, NOTHING, type Selection, toggled, toggledLoaded } from './selection';

/** Elements that handle keys themselves. */
const ELSEWHERE =
  'input:not([type="checkbox"]), textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]';

/** The selection in a list, with its keys: x selects the row with focus, and Shift with j and k extends to the next row. */
export function useSelection(order: readonly string[]) {
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const onSelect = useCallback(
    (id: string, isRange: boolean) =>
      setSelection((before) => (isRange ? extended(before, id, order) : toggled(before, id))),
    [order],
  );
  const clear = useCallback(() => setSelection(NOTHING), []);
  useEffect(() => {
    // Before the keys of every page, which listen on the window.
    const listen = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element))
        return;
      if (target.closest(ELSEWHERE)) return;
      if (act(event, order, setSelection)) event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [order]);
  return useMemo(
    () => ({
      selection,
      onSelect,
      clear,
      onSelectLoaded: () => setSelection((before) => toggledLoaded(before, order)),
      onSelectAll: () => setSelection((before) => ({ ...before, isAll: true })),
    }),
    [selection, onSelect, clear, order],
  );
}

type Change = (change: (before: Selection) => Selection) => void;

function act(event: KeyboardEvent, order: readonly string[], change: Change): boolean {
  const { key, repeat } = event;
  const focused = focusedRow();
  if (key === 'x' && !repeat && focused) {
    change((before) => toggled(before, focused));
    return true;
  }
  if (key === 'Escape') {
    change((before) => (hasSelected(before) ? NOTHING : before));
    return false;
  }
  const step = { J: 1, K: -1 }[key];
  const next = step && focused ? order[order.indexOf(focused) + step] : undefined;
  if (!next || !focused) return false;
  change((before) => extended(before.anchor ? before : toggled(before, focused), next, order));
  document.querySelector<HTMLElement>(`[data-execution="${next}"] a`)?.focus();
  return true;
}

function focusedRow(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('[data-execution]')?.dataset.execution;
}

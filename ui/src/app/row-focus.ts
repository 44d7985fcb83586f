/** Moving between the rows of the list on a page: table rows, rows of a virtual list, cards. */

const ROWS =
  'tbody tr, [role="rowgroup"] [role="row"]:not(:has([role="columnheader"])), li:has(a[data-flow], a[data-row])';

/**
 * Focuses the link or button that opens the row `step` rows further; if no row has focus, that of the first visible row.
 *
 * Returns whether there is such a row.
 */
export function focusRow(step: number): boolean {
  const rows = rowsInOrder();
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const next = current < 0 ? rows.find(isInSight) : rows[current + step];
  const opener = next?.querySelector<HTMLElement>('a, button');
  opener?.focus();
  return opener !== null && opener !== undefined;
}

/** Whether a row has focus. */
export function isRowFocused(): boolean {
  return document.activeElement?.closest(ROWS) !== null;
}

/** Rows of a virtual list are not in order in the document, so they carry their index. */
function rowsInOrder(): HTMLElement[] {
  const rows = [...document.querySelectorAll<HTMLElement>(`main :is(${ROWS})`)];
  return rows.sort((a, b) => Number(a.ariaRowIndex ?? 0) - Number(b.ariaRowIndex ?? 0));
}

function isInSight(row: HTMLElement): boolean {
  const { top, height } = row.getBoundingClientRect();
  const frame = row.closest('[role="rowgroup"]')?.getBoundingClientRect().top ?? 0;
  return top >= frame - height / 2;
}

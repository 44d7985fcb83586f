/** Moving between the rows of whatever list a page shows: table rows, rows of a long list, cards. */

const ROWS = 'tbody tr, [role="rowgroup"] [role="row"]:not(:has([role="columnheader"])), li:has(a[data-flow])';

/**
 * Gives the focus to what opens the row that is `step` rows on; without a row that has it, to the first one in sight.
 *
 * Returns whether there was such a row.
 */
export function focusRow(step: number): boolean {
  const rows = rowsInOrder();
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const next = current < 0 ? rows.find(isInSight) : rows[current + step];
  const opener = next?.querySelector<HTMLElement>('a, button');
  opener?.focus();
  return opener !== null && opener !== undefined;
}

/** Whether some row has the focus. */
export function isRowFocused(): boolean {
  return document.activeElement?.closest(ROWS) !== null;
}

/** Rows that are drawn as they come into sight do not stand in their order; they bear their number. */
function rowsInOrder(): HTMLElement[] {
  const rows = [...document.querySelectorAll<HTMLElement>(`main :is(${ROWS})`)];
  return rows.sort((a, b) => Number(a.ariaRowIndex ?? 0) - Number(b.ariaRowIndex ?? 0));
}

function isInSight(row: HTMLElement): boolean {
  const { top, height } = row.getBoundingClientRect();
  const frame = row.closest('[role="rowgroup"]')?.getBoundingClientRect().top ?? 0;
  return top >= frame - height / 2;
}

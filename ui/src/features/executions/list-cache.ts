/**
 * Updates the loaded part of the executions list without fetching all of it again.
 *
 * The list is newest first and pages are cut by id, so the id of a row determines its place. All functions are pure.
 */
import type { Damaged } from '@/api/damaged';
import type { ExecutionPage } from '@/api/executions';
import type { ExecutionRow } from '@/api/types';
import { type Filters, showsChildren } from './filters';

export interface LoadedList {
  pages: ExecutionPage[];
  pageParams: (string | null)[];
}

/** Returns every loaded row, newest first. */
export function rowsOf(list: Pick<LoadedList, 'pages'> | undefined): ExecutionRow[] {
  return list?.pages.flatMap((page) => page.rows) ?? [];
}

/** Returns the loaded entries that cannot be read. */
export function damagedIn(list: Pick<LoadedList, 'pages'> | undefined): Damaged[] {
  return list?.pages.flatMap((page) => page.damaged) ?? [];
}

/**
 * Merges a fresh first page into the list.
 *
 * The range of the fresh page is replaced, so rows that no longer match the filter are dropped; older rows stay. If more
 * rows are new than one page holds, there is an unknown gap, and the list starts over.
 */
export function mergeHead(list: LoadedList, head: ExecutionPage): LoadedList {
  const oldest = head.rows.at(-1)?.id;
  const known = rowsOf(list);
  if (!head.next || !oldest || known.length === 0) return { pages: [head], pageParams: [null] };
  if (!known.some((row) => row.id >= oldest)) return { pages: [head], pageParams: [null] };
  const older = <Entry extends { id: string }>(entries: Entry[]) => entries.filter(({ id }) => id < oldest);
  const pages = list.pages.map((page) => ({ ...page, rows: older(page.rows), damaged: older(page.damaged) }));
  const [first, ...rest] = pages;
  if (!first) return { pages: [head], pageParams: [null] };
  const merged = {
    rows: [...head.rows, ...first.rows],
    damaged: [...head.damaged, ...first.damaged],
    next: first.next,
  };
  return { ...list, pages: [merged, ...rest] };
}

/** Replaces loaded rows, and drops those that no longer match; `null` when nothing changed. */
export function patchRows(
  list: LoadedList,
  changed: ReadonlyMap<string, ExecutionRow>,
  filters: Filters,
): LoadedList | null {
  let touched = false;
  const pages = list.pages.map((page) => {
    if (!page.rows.some((row) => changed.has(row.id))) return page;
    touched = true;
    const rows = page.rows.map((row) => changed.get(row.id) ?? row).filter((row) => stillFits(row, filters));
    return { ...page, rows };
  });
  return touched ? { ...list, pages } : null;
}

/** Whether a row still matches: its status may have changed; its flow, time and text cannot. */
function stillFits(row: ExecutionRow, filters: Filters): boolean {
  if (filters.status && !filters.status.includes(row.status)) return false;
  if (filters.waiting && row.waiting_for !== 'decision') return false;
  return !filters.retrying || row.retrying === true;
}

/** Whether the list may need a new row: the event is about an execution that is not loaded. */
export function isNewTo(list: Pick<LoadedList, 'pages'> | undefined, row: ExecutionRow, filters: Filters): boolean {
  if (filters.flow && row.flow_id !== filters.flow) return false;
  if (row.parent_id && !showsChildren(filters)) return false;
  return stillFits(row, filters) && !rowsOf(list).some((loaded) => loaded.id === row.id);
}

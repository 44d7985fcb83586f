/** Which executions of the list are selected. All functions are pure. */

export interface Selection {
  ids: ReadonlySet<string>;
  /** The row that was selected last: where a range begins. */
  anchor: string | null;
  /** Whether all that match the filter are meant, loaded or not. */
  isAll: boolean;
}

export const NOTHING: Selection = { ids: new Set(), anchor: null, isAll: false };

/** Selects a row, or takes it out. */
export function toggled(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id, isAll: false };
}

/** Selects everything from the row that was selected last to this one, in the order of the list. */
export function extended(selection: Selection, id: string, order: readonly string[]): Selection {
  const [from, to] = [order.indexOf(selection.anchor ?? id), order.indexOf(id)];
  if (from < 0 || to < 0) return toggled(selection, id);
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ids: new Set([...selection.ids, ...range]), anchor: id, isAll: false };
}

/** Selects all loaded rows; none if all are. */
export function toggledLoaded(selection: Selection, order: readonly string[]): Selection {
  if (order.length > 0 && order.every((id) => selection.ids.has(id))) return NOTHING;
  return { ids: new Set(order), anchor: selection.anchor, isAll: false };
}

export function hasSelected({ ids, isAll }: Selection): boolean {
  return isAll || ids.size > 0;
}

/** Whether a row is meant. */
export function isIn({ ids, isAll }: Selection, id: string): boolean {
  return isAll || ids.has(id);
}

/** Adds notes and groups to the draft, and selects what is on the canvas by its drawn ids. */
import { snap } from '../document/commands';
import type { DraftStore } from '../document/draft-store';
import { addItem, type Box, drawnId, frameAround, freeBox, type ItemKind, itemIdOf, itemsOf } from '../document/items';
import type { Point } from '../document/positions';

const SIZES = { note: { width: 220, height: 140 }, group: { width: 460, height: 280 } } as const;

/** Adds an item around a point, below what is there. A group goes around what is selected instead, if something is. Its text has the focus then. */
export function addItemAt(store: DraftStore, kind: ItemKind, middle: Point): void {
  const { graph, selection, apply, select } = store.getState();
  const { nodes, items = [] } = selection;
  const frame = kind === 'group' ? frameAround(graph, [...nodes, ...items.map(drawnId)]) : null;
  const known = new Set(itemsOf(graph).map(({ id }) => id));
  apply(
    addItem({
      kind,
      id: kind,
      text: '',
      tone: kind === 'note' ? 'warning' : 'neutral',
      ...(frame ?? freeBox(graph, around(kind, middle))),
    }),
  );
  const added = itemsOf(store.getState().graph).find(({ id }) => !known.has(id));
  if (!added) return;
  select({ items: [added.id] });
  focusText(drawnId(added.id));
}

function around(kind: ItemKind, { x, y }: Point): Box {
  const { width, height } = SIZES[kind];
  return { ...snap({ x: x - width / 2, y: y - height / 2 }), width, height };
}

/** The canvas knows a new item only after rendering it. */
function focusText(drawn: string): void {
  requestAnimationFrame(() => {
    const item = document.querySelector(`.react-flow__node[data-id="${CSS.escape(drawn)}"]`);
    item?.querySelector<HTMLElement>('textarea, input')?.focus({ preventScroll: true });
  });
}

export function selectDrawn(store: DraftStore, drawn: readonly string[]): void {
  const nodes = drawn.filter((id) => itemIdOf(id) === null);
  const items = drawn.flatMap((id) => itemIdOf(id) ?? []);
  store.getState().select({ nodes, items });
}

/** Translates changes that the canvas reports to the draft's terms: the selection and moved nodes. */
import type { EdgeChange, NodeChange } from '@xyflow/react';
import type { FlowDefinition } from '@/api/types';
import type { Selection } from './commands';
import { edgeKeys } from './definition';
import { itemsOf } from './items';
import type { Point } from './positions';

/** Returns the part of a selection that still exists in a document; the same object when all of it does. */
export function stillThere(selection: Selection, graph: FlowDefinition): Selection {
  const { nodes, edges } = graph;
  const { items = [] } = selection;
  if (selection.nodes.length + selection.edges.length + items.length === 0) return selection;
  const known = new Set(items.length > 0 ? itemsOf(graph).map(({ id }) => id) : []);
  const ids = new Set(nodes.map(({ id }) => id));
  const keys = new Set(selection.edges.length > 0 ? edgeKeys(edges) : []);
  const kept = {
    nodes: selection.nodes.filter((id) => ids.has(id)),
    edges: selection.edges.filter((key) => keys.has(key)),
    items: items.filter((id) => known.has(id)),
  };
  const isWhole =
    kept.nodes.length === selection.nodes.length &&
    kept.edges.length === selection.edges.length &&
    kept.items.length === items.length;
  return isWhole ? selection : kept;
}

/** Returns the selected ids after `changes`; the same list when nothing changed. */
export function pickedBy(changes: readonly (NodeChange | EdgeChange)[], picked: readonly string[]): readonly string[] {
  const next = new Set(picked);
  let changed = false;
  for (const change of changes) {
    if (change.type !== 'select' || next.has(change.id) === change.selected) continue;
    changed = true;
    if (change.selected) next.add(change.id);
    else next.delete(change.id);
  }
  return changed ? [...next] : picked;
}

/** Returns the new positions of nodes that were dropped or moved by arrow keys; during a drag only the canvas follows. */
export function droppedBy(changes: readonly NodeChange[]): Map<string, Point> {
  const moved = new Map<string, Point>();
  for (const change of changes) {
    if (change.type !== 'position' || change.dragging || !change.position) continue;
    moved.set(change.id, { x: Math.round(change.position.x), y: Math.round(change.position.y) });
  }
  return moved;
}

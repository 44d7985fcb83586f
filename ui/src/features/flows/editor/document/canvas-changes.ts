/** What the canvas reports, turned into what the draft knows: who is selected, and who was moved. */
import type { EdgeChange, NodeChange } from '@xyflow/react';
import type { FlowDefinition } from '@/api/types';
import type { Selection } from './commands';
import { edgeKeys, idsOf } from './definition';
import type { Point } from './positions';
import type { CanvasEdge, CanvasNode } from './to-canvas';

/** The part of a selection that a document still has; the same object when that is all. */
export function stillThere(selection: Selection, { nodes, edges }: FlowDefinition): Selection {
  if (selection.nodes.length + selection.edges.length === 0) return selection;
  const ids = idsOf({ nodes, edges });
  const keys = new Set(selection.edges.length > 0 ? edgeKeys(edges) : []);
  const kept = {
    nodes: selection.nodes.filter((id) => ids.has(id)),
    edges: selection.edges.filter((key) => keys.has(key)),
  };
  const isWhole = kept.nodes.length === selection.nodes.length && kept.edges.length === selection.edges.length;
  return isWhole ? selection : kept;
}

/** The ids that are selected after `changes`; the same list when those change nothing. */
export function pickedBy(
  changes: readonly (NodeChange<CanvasNode> | EdgeChange<CanvasEdge>)[],
  picked: readonly string[],
): readonly string[] {
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

/** Where nodes were dropped, or pushed by arrow keys; while one drags, only the canvas follows. */
export function droppedBy(changes: NodeChange<CanvasNode>[]): Map<string, Point> {
  const moved = new Map<string, Point>();
  for (const change of changes) {
    if (change.type !== 'position' || change.dragging || !change.position) continue;
    moved.set(change.id, { x: Math.round(change.position.x), y: Math.round(change.position.y) });
  }
  return moved;
}

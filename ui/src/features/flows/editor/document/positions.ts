/** Positions of nodes. Nodes without one are arranged in columns by depth, until they are moved. */
import type { FlowDefinition, FlowNode } from '@/api/types';
import { numberOf } from '@/lib/json';
import { casesOf } from './cases';

export interface Point {
  x: number;
  y: number;
}

export const NODE_WIDTH = 176;
export const NODE_HEIGHT = 60;
export const GRID = 10;
/** From one handle on the right of a node to the next: each can be hit without aiming. */
export const HANDLE_STEP = 24;
const COLUMN = NODE_WIDTH + 84;
const ROW = NODE_HEIGHT + 40;

export function positionsOf(definition: FlowDefinition): Map<string, Point> {
  const depths = definition.nodes.every(ownPosition) ? null : depthsOf(definition);
  const rows = new Map<number, number>();
  return new Map(
    definition.nodes.map((node) => {
      const own = ownPosition(node);
      if (own || !depths) return [node.id, own ?? { x: 0, y: 0 }];
      const depth = depths.get(node.id) ?? 0;
      const row = rows.get(depth) ?? 0;
      rows.set(depth, row + 1);
      return [node.id, { x: depth * COLUMN, y: row * ROW }];
    }),
  );
}

/** Returns the height of a node: one with many cases has room for a handle each. */
export function heightOf(node: FlowNode): number {
  return Math.max(NODE_HEIGHT, (casesOf(node).length - 0.5) * HANDLE_STEP);
}

/** Returns the position of a node as the canvas calculates with it. */
export function ownPosition({ position }: FlowNode): Point | null {
  const x = numberOf(position?.x);
  const y = numberOf(position?.y);
  return x === null || y === null ? null : { x, y };
}

/** Returns the number of edges on the longest path to each node; a cycle, which the server refuses, is cut where it closes. */
function depthsOf(definition: FlowDefinition): Map<string, number> {
  const depths = new Map(definition.nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < definition.nodes.length; round += 1) {
    let changed = false;
    for (const { from, to } of definition.edges) {
      const depth = (depths.get(from) ?? 0) + 1;
      if (depth <= (depths.get(to) ?? 0) || depth >= definition.nodes.length) continue;
      depths.set(to, depth);
      changed = true;
    }
    if (!changed) break;
  }
  return depths;
}

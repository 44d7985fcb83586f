import { Graph as Dagre, layout } from '@dagrejs/dagre';
import type { Graph } from './to-graph';

export const NODE_WIDTH = 172;
export const NODE_HEIGHT = 52;

/** The space between two ranks, where labels stand on edges. */
const WITH_LABELS = 96;

export type Places = ReadonlyMap<string, { x: number; y: number }>;

/** Returns the position of each node: as in the editor, or, when one has none, all in ranks from left to right. */
export function placesOf({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>): Places {
  const known = nodes.flatMap(({ id, position }) => (position ? [[id, position] as const] : []));
  if (known.length === nodes.length && !hasOverlap(known.map(([, place]) => place))) return new Map(known);
  const graph = new Dagre({ multigraph: true });
  const ranksep = edges.some(({ label }) => label) ? WITH_LABELS : 42;
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep });
  graph.setDefaultEdgeLabel(() => ({}));
  // The library looks ids up in plain objects, where `constructor` is always found.
  const keys = new Map(nodes.map(({ id }, at) => [id, `n${at}`]));
  for (const key of keys.values()) graph.setNode(key, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { id, from, to } of edges) {
    const [start, end] = [keys.get(from), keys.get(to)];
    if (start !== undefined && end !== undefined) graph.setEdge(start, end, {}, id);
  }
  layout(graph);
  return new Map(
    [...keys].map(([id, key]) => {
      const { x = 0, y = 0 } = graph.node(key) as { x?: number; y?: number };
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }];
    }),
  );
}

const FRAME_HEIGHT = 320;
const SMALLEST_ZOOM = 0.45;

/** Whether the whole graph fits at a readable size. */
export function fitsFrame(places: Places): boolean {
  // Wide screens have the navigation and the node panel beside the graph, narrow ones neither.
  const frameWidth = window.innerWidth > 1100 ? window.innerWidth - 700 : window.innerWidth - 40;
  const xs = [...places.values()].map(({ x }) => x);
  const ys = [...places.values()].map(({ y }) => y);
  const width = Math.max(...xs) - Math.min(...xs) + NODE_WIDTH;
  const height = Math.max(...ys) - Math.min(...ys) + NODE_HEIGHT;
  return xs.length === 0 || Math.min(frameWidth / width, FRAME_HEIGHT / height) >= SMALLEST_ZOOM;
}

/** Two nodes at the same place were not placed by a person. */
function hasOverlap(places: readonly { x: number; y: number }[]): boolean {
  return new Set(places.map(({ x, y }) => `${x} ${y}`)).size < places.length;
}

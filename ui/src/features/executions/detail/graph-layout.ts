import { Graph as Dagre, layout } from '@dagrejs/dagre';
import type { Graph } from './to-graph';

export const NODE_WIDTH = 172;
export const NODE_HEIGHT = 52;

type Places = ReadonlyMap<string, { x: number; y: number }>;

/** Returns where each node is drawn: where the editor has it, or, when one has no place, all in ranks from left to right. */
export function placesOf({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>): Places {
  const known = nodes.flatMap(({ id, position }) => (position ? [[id, position] as const] : []));
  if (known.length === nodes.length && !hasOverlap(known.map(([, place]) => place))) return new Map(known);
  const graph = new Dagre({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 42 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const ids = new Set(nodes.map(({ id }) => id));
  for (const { id, from, to } of edges) if (ids.has(from) && ids.has(to)) graph.setEdge(from, to, {}, id);
  layout(graph);
  return new Map(
    nodes.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }];
    }),
  );
}

/** Two nodes at the very same place were never placed by a person. */
function hasOverlap(places: readonly { x: number; y: number }[]): boolean {
  return new Set(places.map(({ x, y }) => `${x} ${y}`)).size < places.length;
}

/** Automatic layout, from left to right. The library comes when it is first asked for. */
import type { FlowDefinition } from '@/api/types';
import { type Command, moveNodes, snap } from './commands';
import { idsOf } from './definition';
import { NODE_HEIGHT, NODE_WIDTH } from './positions';

/** Returns the command that puts every node in its place. */
export async function layout(definition: FlowDefinition): Promise<Command> {
  const { Graph, layout: place } = await import('@dagrejs/dagre');
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 44, ranksep: 90 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of definition.nodes) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const ids = idsOf(definition);
  for (const [at, { from, to }] of definition.edges.entries()) {
    if (ids.has(from) && ids.has(to)) graph.setEdge(from, to, {}, `${at}`);
  }
  place(graph);
  const corner = (id: string) => {
    const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
    return snap({ x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 });
  };
  return moveNodes(new Map(definition.nodes.map(({ id }) => [id, corner(id)])));
}

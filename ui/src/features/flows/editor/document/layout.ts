/** Automatic layout, from left to right. The library is loaded on first use. */
import type { FlowDefinition, FlowEdge } from '@/api/types';
import { type Command, moveNodes, snap } from './commands';
import { heightOf, NODE_HEIGHT, NODE_WIDTH } from './positions';

/** Returns the command that puts every node in its place. */
export async function layout(definition: FlowDefinition): Promise<Command> {
  const { Graph, layout: place } = await import('@dagrejs/dagre');
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 44, ranksep: 90 });
  graph.setDefaultEdgeLabel(() => ({}));
  // The library looks ids up in plain objects, where `constructor` is always found.
  const keys = new Map(definition.nodes.map(({ id }, at) => [id, keyOf(at)]));
  for (const [at, node] of definition.nodes.entries()) {
    graph.setNode(keyOf(at), { width: NODE_WIDTH, height: heightOf(node) });
  }
  const edges = definition.edges.flatMap(({ from, to, ...edge }) => {
    const [start, end] = [keys.get(from), keys.get(to)];
    return start === undefined || end === undefined ? [] : [{ ...edge, from: start, to: end }];
  });
  for (const [at, { from, to }] of edges.entries()) graph.setEdge(from, to, {}, `${at}`);
  place(graph, { constraints: siblingOrder(edges) });
  const corner = (at: number) => {
    const { x = 0, y = 0, height = NODE_HEIGHT } = graph.node(keyOf(at)) as { x?: number; y?: number; height?: number };
    return snap({ x: x - NODE_WIDTH / 2, y: y - height / 2 });
  };
  return moveNodes(new Map(definition.nodes.map(({ id }, at) => [id, corner(at)])));
}

function keyOf(at: number): string {
  return `n${at}`;
}

/** Orders siblings from top to bottom: true, always, false, errors. Only nodes with one incoming edge, to avoid contradictions. */
function siblingOrder(edges: readonly FlowEdge[]): { left: string; right: string }[] {
  const incoming = new Map<string, number>();
  for (const { to } of edges) incoming.set(to, (incoming.get(to) ?? 0) + 1);
  const children = new Map<string, FlowEdge[]>();
  for (const edge of edges) {
    if (incoming.get(edge.to) === 1) children.set(edge.from, [...(children.get(edge.from) ?? []), edge]);
  }
  return [...children.values()].flatMap((siblings) => {
    const sorted = siblings.toSorted((a, b) => rankOf(a) - rankOf(b)).map(({ to }) => to);
    return sorted.slice(1).map((right, at) => ({ left: sorted[at] ?? right, right }));
  });
}

function rankOf({ on, condition }: FlowEdge): number {
  if (on === 'error') return 3;
  if (condition === true) return 0;
  return condition === false ? 2 : 1;
}

/** The graph that the canvas shows: the flow's own, or the body of a node, which may be inside others. All functions are pure. */
import { bodyOf } from '@/api/bodies';
import type { FlowDefinition, FlowNode } from '@/api/types';
import { nodeById } from './definition';

/** The nodes whose bodies lead to a graph, from the outermost on; empty for the flow's own graph. */
export type Inside = readonly string[];

export const FLOW: Inside = [];

/** Returns the graph inside these nodes; `null` where there is none. */
export function graphAt(definition: FlowDefinition, [id, ...rest]: Inside): FlowDefinition | null {
  if (id === undefined) return definition;
  const node = nodeById(definition, id);
  const body = node && bodyOf(node);
  return body ? graphAt(body, rest) : null;
}

/** Returns the definition with `graph` inside these nodes. */
export function withGraph(definition: FlowDefinition, [id, ...rest]: Inside, graph: FlowDefinition): FlowDefinition {
  if (id === undefined) return graph;
  const nodes = definition.nodes.map((node) => {
    const body = node.id === id ? bodyOf(node) : null;
    return body ? { ...node, body: withGraph(body, rest, graph) } : node;
  });
  return { ...definition, nodes };
}

/** Returns the longest part of the way that is still there. */
export function reachable(definition: FlowDefinition, inside: Inside): Inside {
  if (graphAt(definition, inside)) return inside;
  return reachable(definition, inside.slice(0, -1));
}

/** Returns the nodes that lead to a graph. */
export function nodesTo(definition: FlowDefinition, inside: Inside): FlowNode[] {
  return inside.flatMap((id, at) => {
    const graph = graphAt(definition, inside.slice(0, at));
    return (graph && nodeById(graph, id)) ?? [];
  });
}

export interface PlacedNode {
  node: FlowNode;
  /** The nodes whose bodies it is in, from the outermost on. */
  inside: Inside;
}

/** Returns every node of a flow with the graph that it is in, outer ones first. */
export function placedNodes(graph: FlowDefinition, inside: Inside = FLOW): PlacedNode[] {
  const within = graph.nodes.flatMap((node) => {
    const body = bodyOf(node);
    return body ? placedNodes(body, [...inside, node.id]) : [];
  });
  return [...graph.nodes.map((node) => ({ node, inside })), ...within];
}

export function isSameGraph(one: Inside, other: Inside): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at]);
}

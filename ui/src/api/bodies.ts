/** The graphs inside nodes. All functions are pure. */
import { isRecord } from '@/lib/json';
import type { FlowDefinition, FlowNode } from './types';

/** Returns the graph that a node repeats; `null` for a node without one, and where it cannot be drawn. */
export function bodyOf(node: FlowNode): FlowDefinition | null {
  const { body } = node;
  if (!isRecord(body)) return null;
  const { nodes, edges = [] } = body;
  if (!Array.isArray(nodes) || !nodes.every(isNode) || !Array.isArray(edges) || !edges.every(isEdge)) return null;
  return { ...body, nodes, edges } as FlowDefinition;
}

/** Returns every node of a flow, those of bodies included. */
export function allNodes({ nodes }: FlowDefinition): FlowNode[] {
  return nodes.flatMap((node) => {
    const body = bodyOf(node);
    return body ? [node, ...allNodes(body)] : [node];
  });
}

/** Returns the body of a node, which may be inside another body. */
export function findBody(definition: FlowDefinition, id: string): FlowDefinition | null {
  const node = allNodes(definition).find((candidate) => candidate.id === id);
  return node ? bodyOf(node) : null;
}

function isNode(value: unknown): boolean {
  return isRecord(value) && typeof value.id === 'string' && typeof value.type === 'string';
}

function isEdge(value: unknown): boolean {
  return isRecord(value) && typeof value.from === 'string' && typeof value.to === 'string';
}

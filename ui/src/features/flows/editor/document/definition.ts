/** Reads a flow definition: lookups for commands, the canvas and the forms. */

import { allNodes } from '@/api/bodies';
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { isRecord, writeJson } from '@/lib/json';
import { texts } from './texts';

type Reading = { definition: FlowDefinition } | { fault: string };

/** Reads any JSON as a definition that can be drawn; the server decides whether it can run. */
export function readDefinition(value: unknown): Reading {
  if (!isRecord(value)) return { fault: texts.faults.noObject };
  const { nodes } = value;
  const edges: unknown = value.edges ?? [];
  if (!Array.isArray(nodes)) return { fault: texts.faults.nodes };
  if (!Array.isArray(edges)) return { fault: texts.faults.edges };
  const ids = new Set<string>();
  for (const [at, node] of nodes.entries()) {
    if (!isRecord(node) || !isName(node.id)) return { fault: texts.faults.nodeId(at + 1) };
    if (!isName(node.type)) return { fault: texts.faults.nodeType(node.id) };
    if (ids.has(node.id)) return { fault: texts.faults.twice(node.id) };
    ids.add(node.id);
  }
  for (const [at, edge] of edges.entries()) {
    if (!isRecord(edge) || !isName(edge.from) || !isName(edge.to)) {
      return { fault: texts.faults.edge(at + 1) };
    }
  }
  return { definition: { ...value, nodes, edges } as FlowDefinition };
}

/** Returns keys for edges, which have no ids: their ends, and their index among edges with the same ends. */
export function edgeKeys(edges: readonly FlowEdge[]): string[] {
  const seen = new Map<string, number>();
  return edges.map(({ from, to }) => {
    const ends = writeJson([from, to]);
    const place = seen.get(ends) ?? 0;
    seen.set(ends, place + 1);
    return place === 0 ? ends : `${ends}#${place}`;
  });
}

export function edgeByKey(definition: FlowDefinition, key: string): FlowEdge | undefined {
  return definition.edges[edgeKeys(definition.edges).indexOf(key)];
}

export function nodeById(definition: FlowDefinition, id: string): FlowNode | undefined {
  return definition.nodes.find((node) => node.id === id);
}

export function nameOf(node: FlowNode): string {
  return node.name || node.id;
}

/** Returns every node from which a path leads to `id`, nearest first. */
export function ancestorsOf(definition: FlowDefinition, id: string): string[] {
  const before = new Map<string, string[]>();
  for (const { from, to } of definition.edges) before.set(to, [...(before.get(to) ?? []), from]);
  const found = new Set<string>();
  const queue = [...(before.get(id) ?? [])];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (found.has(next) || next === id) continue;
    found.add(next);
    queue.push(...(before.get(next) ?? []));
  }
  return [...found];
}

/** Returns a node with every node that a path leads to from it, and those that undo them. */
export function branchOf(definition: FlowDefinition, id: string): Set<string> {
  const after = new Map<string, string[]>();
  for (const { from, to } of definition.edges) after.set(from, [...(after.get(from) ?? []), to]);
  for (const { id: of, compensate_with: undo } of definition.nodes) {
    if (typeof undo === 'string') after.set(of, [...(after.get(of) ?? []), undo]);
  }
  const found = new Set([id]);
  for (const one of found) for (const next of after.get(one) ?? []) found.add(next);
  return found;
}

/** Returns the node that `id` undoes, if it undoes one. */
export function undoneBy(definition: FlowDefinition, id: string): FlowNode | undefined {
  return definition.nodes.find((node) => node.compensate_with === id);
}

/** Returns the nodes that can be chosen to undo `node`: without edges, undone by none, and undoing no other one. */
export function undoChoices({ nodes, edges }: FlowDefinition, node: FlowNode): FlowNode[] {
  const connected = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const taken = new Set(nodes.filter(({ id }) => id !== node.id).map((other) => other.compensate_with));
  return nodes.filter(
    (other) => other.id !== node.id && !connected.has(other.id) && !taken.has(other.id) && !other.compensate_with,
  );
}

/** Whether an edge from `from` to `to` would create a cycle. */
export function closesCycle(definition: FlowDefinition, from: string, to: string): boolean {
  return from === to || ancestorsOf(definition, from).includes(to);
}

/** Returns `wish`, or the first of `wish_2`, `wish_3`, … that is not in use. */
export function freeId(wish: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wish)) return wish;
  const stem = wish.replace(/_\d+$/, '');
  let number = 2;
  while (taken.has(`${stem}_${number}`)) number += 1;
  return `${stem}_${number}`;
}

/** Returns the ids of all nodes, those in bodies included: they are unique in a flow. */
export function idsOf(definition: FlowDefinition): Set<string> {
  return new Set(allNodes(definition).map((node) => node.id));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

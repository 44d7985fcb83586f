/** New ids for nodes, with the edges and expressions that refer to them. All functions are pure. */
import { allNodes, bodyOf } from '@/api/bodies';
import type { FlowDefinition, FlowNode } from '@/api/types';
import { asksForCase } from './cases';
import { freeId } from './definition';
import { renameReferences } from './references';

type Names = ReadonlyMap<string, string>;

/** Returns a graph in which nodes have new names, old id to new, also in its bodies. What names none of them stays the same object. */
export function withNames(definition: FlowDefinition, names: Names): FlowDefinition {
  return {
    ...definition,
    nodes: definition.nodes.map((node) => named(node, names)),
    edges: definition.edges.map((edge) => {
      const { from, to, ...rest } = edge;
      const renamed = asksForCase(definition, edge) ? rest : renameReferences(rest, names);
      return { ...renamed, from: names.get(from) ?? from, to: names.get(to) ?? to };
    }),
  };
}

/** Returns nodes under ids that are not `taken`, nor those of the nodes in their bodies. */
export function withFreeIds(nodes: readonly FlowNode[], taken: ReadonlySet<string>): FlowNode[] {
  const names = freeNames(nodes, taken);
  return nodes.map((node) => named(node, names));
}

/** Returns for each node, those in bodies included, an id that is not `taken`. */
export function freeNames(nodes: readonly FlowNode[], taken: ReadonlySet<string>): Names {
  const used = new Set(taken);
  const names = new Map<string, string>();
  for (const { id } of allNodes({ nodes: [...nodes], edges: [] })) {
    const name = freeId(id, used);
    used.add(name);
    names.set(id, name);
  }
  return names;
}

function named(node: FlowNode, names: Names): FlowNode {
  const { id, position, name, body, ...rest } = node;
  const renamed = renameReferences(rest, names);
  const graph = bodyOf(node);
  const inner = graph && withNames(graph, names);
  const undo = typeof rest.compensate_with === 'string' ? names.get(rest.compensate_with) : undefined;
  if (!names.has(id) && renamed === rest && !inner && undo === undefined) return node;
  const link = undo !== undefined && { compensate_with: undo };
  return { ...node, ...renamed, ...link, ...(inner && { body: inner }), id: names.get(id) ?? id } as FlowNode;
}

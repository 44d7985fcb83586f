/** Copying parts of a flow: within a flow, between flows, and as text. */
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { jsonText, parseJsonOr } from '@/lib/json';
import type { Command, Selection } from './commands';
import { freeId, idsOf, readDefinition } from './definition';
import { ownPosition, positionsOf } from './positions';
import { renameReferences } from './references';

const OFFSET = 40;

/** The selected nodes and the edges between them, as JSON. Empty text when no node is selected. */
export function copySelection(definition: FlowDefinition, selection: Selection): string {
  const chosen = new Set(selection.nodes);
  if (chosen.size === 0) return '';
  const positions = positionsOf(definition);
  const nodes = definition.nodes
    .filter((node) => chosen.has(node.id))
    .map((node) => ({ ...node, position: positions.get(node.id) }));
  const edges = definition.edges.filter((edge) => chosen.has(edge.from) && chosen.has(edge.to));
  return jsonText({ nodes, edges });
}

/** Reads copied nodes; `null` when the text is something else. */
export function readClipboard(text: string): FlowDefinition | null {
  const reading = readDefinition(parseJsonOr(text));
  return 'definition' in reading && reading.definition.nodes.length > 0 ? reading.definition : null;
}

export interface Pasting {
  command: Command;
  /** The ids that the pasted nodes will have. */
  ids: string[];
}

/** Adds copies next to their originals, under unused ids; references between them are renamed. */
export function paste(target: FlowDefinition, copied: FlowDefinition): Pasting {
  const taken = idsOf(target);
  const names = new Map<string, string>();
  for (const { id } of copied.nodes) {
    const name = freeId(id, taken);
    taken.add(name);
    names.set(id, name);
  }
  const follow = <T>(value: T): T => renameReferences(value, names);
  const nodes: FlowNode[] = copied.nodes.map((node) => {
    const { x, y } = ownPosition(node) ?? { x: 0, y: 0 };
    const { id, name, position, ...rest } = node;
    return {
      ...node,
      ...follow(rest),
      id: names.get(id) ?? id,
      position: { x: x + OFFSET, y: y + OFFSET },
    } as FlowNode;
  });
  const edges: FlowEdge[] = copied.edges
    .filter((edge) => names.has(edge.from) && names.has(edge.to))
    .map(({ from, to, ...rest }) => ({ ...follow(rest), from: names.get(from) ?? from, to: names.get(to) ?? to }));
  return {
    ids: [...names.values()],
    command: (definition) => ({
      ...definition,
      nodes: [...definition.nodes, ...nodes],
      edges: [...definition.edges, ...edges],
    }),
  };
}

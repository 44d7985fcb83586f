/** Copying parts of a flow: within a flow, between flows, and as text. */
import type { FlowDefinition } from '@/api/types';
import { jsonText, parseJsonOr } from '@/lib/json';
import type { Command, Selection } from './commands';
import { readDefinition } from './definition';
import { freeNames, withNames } from './names';
import { ownPosition, positionsOf } from './positions';

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

/** Adds copies next to their originals, under ids that the whole flow does not use; references between them are renamed. */
export function paste(taken: ReadonlySet<string>, copied: FlowDefinition): Pasting {
  const names = freeNames(copied.nodes, taken);
  const ids = new Set(copied.nodes.map(({ id }) => id));
  const edges = copied.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to));
  const copies = withNames({ nodes: copied.nodes, edges }, names);
  const nodes = copies.nodes.map((node) => {
    const { x, y } = ownPosition(node) ?? { x: 0, y: 0 };
    return { ...node, position: { x: x + OFFSET, y: y + OFFSET } };
  });
  return {
    ids: nodes.map(({ id }) => id),
    command: (definition) => ({
      ...definition,
      nodes: [...definition.nodes, ...nodes],
      edges: [...definition.edges, ...copies.edges],
    }),
  };
}

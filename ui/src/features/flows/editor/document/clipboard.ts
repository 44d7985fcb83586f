/** Copying parts of a flow: within a flow, between flows, and as text. */

import type { FlowDefinition, FlowEdge } from '@/api/types';
import { isRecord, jsonText, parseJsonOr } from '@/lib/json';
import { type Command, type Selection, snap } from './commands';
import { nameOf, readDefinition } from './definition';
import { addItem, itemsOf, removeItems } from './items';
import { freeNames, withNames } from './names';
import { type Point, positionsOf } from './positions';
import { texts } from './texts';

const OFFSET = 40;

/** The selected nodes with the edges between them, notes and groups, as JSON. Empty text when none is selected. */
export function copySelection(definition: FlowDefinition, selection: Selection): string {
  const chosen = new Set(selection.nodes);
  const items = new Set(selection.items);
  if (chosen.size + items.size === 0) return '';
  const positions = positionsOf(definition);
  const nodes = definition.nodes
    .filter((node) => chosen.has(node.id))
    .map((node) => ({ ...node, position: positions.get(node.id) }));
  const edges = definition.edges.filter((edge) => chosen.has(edge.from) && chosen.has(edge.to));
  const others = itemsOf(definition).flatMap(({ id }) => (items.has(id) ? [] : [id]));
  const { ui } = removeItems(others)(definition);
  return jsonText({ nodes, edges, ...(items.size > 0 && { ui }) });
}

/** What text can be pasted: nodes and the edges between them, and the names of what is left out; or why it cannot be. */
export type Reading = { copied: FlowDefinition; leftOut: readonly string[] } | { fault: string };

/**
 * Reads copied nodes: those of this editor, a flow document, a list of nodes, or one node. `null` when the text is no JSON.
 *
 * Triggers are left out of a body, which has none, and so are edges to nodes that are not in the text.
 */
export function readClipboard(text: string, isBody = false): Reading | null {
  const value = parseJsonOr(text);
  if (typeof value !== 'object' || value === null) return null;
  const reading = readDefinition(graphIn(value));
  if ('fault' in reading) return reading;
  const { nodes, edges } = reading.definition;
  const fitting = nodes.filter(({ type }) => !(isBody && type === 'trigger'));
  const items = itemsOf(reading.definition);
  if (fitting.length + items.length === 0) return { fault: texts.noNodes };
  const all = new Set(nodes.map(({ id }) => id));
  const ids = new Set(fitting.map(({ id }) => id));
  const isInside = ({ from, to }: FlowEdge) => all.has(from) && all.has(to);
  return {
    copied: {
      ...(items.length > 0 && { ui: reading.definition.ui }),
      nodes: fitting,
      edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)),
    },
    leftOut: [
      ...nodes.filter(({ id }) => !ids.has(id)).map(nameOf),
      ...edges.filter((edge) => !isInside(edge)).map(({ from, to }) => `${from} → ${to}`),
    ],
  };
}

function graphIn(value: object): unknown {
  if (Array.isArray(value)) return { nodes: value };
  if (!isRecord(value)) return value;
  if (isRecord(value.flow_definition)) return value.flow_definition;
  return 'type' in value && !('nodes' in value) ? { nodes: [value] } : value;
}

export interface Pasting {
  command: Command;
  /** The ids that the pasted nodes will have. */
  ids: string[];
}

/**
 * Adds copies under ids that the whole flow does not use, with the references between them renamed: their upper left corner
 * at a point, or next to their originals.
 */
export function paste(taken: ReadonlySet<string>, copied: FlowDefinition, at?: Point): Pasting {
  const names = freeNames(copied.nodes, taken);
  const copies = withNames(copied, names);
  const positions = positionsOf(copies);
  const items = itemsOf(copied);
  const points = [...positions.values(), ...items];
  const left = Math.min(...points.map(({ x }) => x));
  const top = Math.min(...points.map(({ y }) => y));
  const shift = at ? { x: at.x - left, y: at.y - top } : { x: OFFSET, y: OFFSET };
  const nodes = copies.nodes.map((node) => {
    const { x, y } = positions.get(node.id) ?? { x: 0, y: 0 };
    return { ...node, position: snap({ x: x + shift.x, y: y + shift.y }) };
  });
  return {
    ids: nodes.map(({ id }) => id),
    command: (definition) => {
      const added = {
        ...definition,
        nodes: [...definition.nodes, ...nodes],
        edges: [...definition.edges, ...copies.edges],
      };
      const placed = items.map((item) => ({ ...item, ...snap({ x: item.x + shift.x, y: item.y + shift.y }) }));
      return placed.reduce<FlowDefinition>((graph, item) => addItem(item)(graph), added);
    },
  };
}

/** Adds a new node to the draft: by click, by key, or by dropping it. */
import type { FlowDefinition } from '@/api/types';
import { addNode, type Command, connect, snap, type Taking } from '../document/commands';
import { freeId, idsOf } from '../document/definition';
import type { DraftStore } from '../document/draft-store';
import { dropOn, nextTaking } from '../document/insert';
import { type NodeType, templateOf } from '../document/node-types';
import { NODE_HEIGHT, NODE_WIDTH, type Point, positionsOf } from '../document/positions';

/** The data type of a dragged palette entry. */
export const DRAGGED = 'application/x-steadflow-node';

interface IncomingEdge {
  from: string;
  taking: Taking;
}

/** Where a new node goes: to a point, connected by `edge` if there is one, or into the edge with this key. */
export type NewPlace = { at: Point; edge?: IncomingEdge } | { on: string };

/** Adds a node: at its place; without one after the one selected node or the flow's only end; else below everything. Returns its id. */
export function addNodeOfType(store: DraftStore, type: NodeType, place?: NewPlace): string {
  const { present, graph, selection, apply, select } = store.getState();
  const template = templateOf(type);
  const id = freeId(template.id, idsOf(present));
  const after = selection.nodes.length === 1 ? selection.nodes[0] : onlyEnd(graph);
  const node = { ...template, id };
  if (place && 'on' in place) {
    apply(inTurn(addNode(node, { at: beside([...positionsOf(graph).values()]) }), dropOn(place.on, id)));
  } else if (place) {
    const { at, edge } = place;
    const x = edge ? at.x : at.x - NODE_WIDTH / 2;
    const add = addNode(node, { at: snap({ x, y: at.y - NODE_HEIGHT / 2 }) });
    apply(edge ? inTurn(add, connect(edge.from, id, edge.taking)) : add);
  } else if (after !== undefined && !type.traits.starts)
    apply(addNode(node, { after, taking: nextTaking(graph, after) }));
  else apply(addNode(node, { at: beside([...positionsOf(graph).values()]) }));
  select({ nodes: [id] });
  return id;
}

/** Returns the command that does one thing after the other. */
function inTurn(first: Command, then: Command): Command {
  return (definition, taken) => then(first(definition, taken), taken);
}

/** Returns the only end of a flow, where the next node most likely belongs. */
function onlyEnd({ nodes, edges }: FlowDefinition): string | undefined {
  const goesOn = new Set(edges.map(({ from }) => from));
  const ends = nodes.filter(({ id }) => !goesOn.has(id));
  return ends.length === 1 ? ends[0]?.id : undefined;
}

function beside(taken: readonly Point[]): Point {
  if (taken.length === 0) return { x: 0, y: 0 };
  const x = Math.min(...taken.map((point) => point.x));
  const y = Math.max(...taken.map((point) => point.y));
  return { x, y: y + NODE_HEIGHT + 40 };
}

/** Adds a new node to the draft: by click, by key, or by dropping it. */
import type { FlowDefinition } from '@/api/types';
import { casesOf } from '../document/cases';
import { addNode, connect, snap, type Taking } from '../document/commands';
import { freeId, idsOf, nodeById } from '../document/definition';
import type { DraftStore } from '../document/draft-store';
import { type NodeType, templateOf } from '../document/node-types';
import { NODE_HEIGHT, NODE_WIDTH, type Point, positionsOf } from '../document/positions';

/** The data type of a dragged palette entry. */
export const DRAGGED = 'application/x-steadflow-node';

interface IncomingEdge {
  from: string;
  taking: Taking;
}

/** Adds a node: where it was dropped, connected by `edge` if there is one; else after the one selected node or the flow's only end; else below everything. Returns its id. */
export function addNodeOfType(store: DraftStore, type: NodeType, dropped?: Point, edge?: IncomingEdge): string {
  const { present, graph, selection, apply, select } = store.getState();
  const template = templateOf(type);
  const id = freeId(template.id, idsOf(present));
  const after = selection.nodes.length === 1 ? selection.nodes[0] : onlyEnd(graph);
  const node = { ...template, id };
  if (dropped) {
    const x = edge ? dropped.x : dropped.x - NODE_WIDTH / 2;
    const add = addNode(node, { at: snap({ x, y: dropped.y - NODE_HEIGHT / 2 }) });
    apply(edge ? (definition, taken) => connect(edge.from, id, edge.taking)(add(definition, taken)) : add);
  } else if (after !== undefined && !type.traits.starts)
    apply(addNode(node, { after, taking: nextAnswer(graph, after) }));
  else apply(addNode(node, { at: beside([...positionsOf(graph).values()]) }));
  select({ nodes: [id] });
  return id;
}

/** Returns the only end of a flow, where the next node most likely belongs. */
function onlyEnd({ nodes, edges }: FlowDefinition): string | undefined {
  const goesOn = new Set(edges.map(({ from }) => from));
  const ends = nodes.filter(({ id }) => !goesOn.has(id));
  return ends.length === 1 ? ends[0]?.id : undefined;
}

/** After a condition or an approval, uses the outcome that has no edge yet. */
function nextAnswer(definition: FlowDefinition, id: string): Taking {
  const node = nodeById(definition, id);
  if (node?.type === 'approval') {
    const asked = definition.edges.filter((edge) => edge.from === id).map(({ condition }) => condition);
    const [next] = casesOf(node).filter((decision) => !asked.includes(decision));
    return next === undefined ? {} : { condition: next };
  }
  if (node?.type !== 'condition') return {};
  const isTaken = definition.edges.some((edge) => edge.from === id && edge.condition === true);
  return { condition: !isTaken };
}

function beside(taken: readonly Point[]): Point {
  if (taken.length === 0) return { x: 0, y: 0 };
  const x = Math.min(...taken.map((point) => point.x));
  const y = Math.max(...taken.map((point) => point.y));
  return { x, y: y + NODE_HEIGHT + 40 };
}

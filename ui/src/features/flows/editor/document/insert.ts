/** Puts nodes into edges. */
import type { FlowDefinition, FlowEdge } from '@/api/types';
import { casesOf } from './cases';
import { type Command, moveNodes, snap, type Taking } from './commands';
import { branchOf, edgeByKey, nodeById, undoneBy } from './definition';
import { NODE_WIDTH, type Point, positionsOf } from './positions';

/** Free space beside a node that is put into an edge. */
const BESIDE = 60;

/** Whether a node can be put into an edge: it has no edges, starts nothing, and undoes nothing. */
export function isLoose(definition: FlowDefinition, id: string): boolean {
  const node = nodeById(definition, id);
  if (!node || node.type === 'trigger' || undoneBy(definition, id)) return false;
  return !definition.edges.some(({ from, to }) => from === id || to === id);
}

/** Puts a loose node into an edge: the edge leads to it, and a new one leads on from there. */
export function insertOn(key: string, id: string): Command {
  return (definition) => {
    const edge = edgeByKey(definition, key);
    if (!edge || !isLoose(definition, id)) return definition;
    const on: FlowEdge = { from: id, to: edge.to, ...nextTaking(definition, id) };
    return {
      ...definition,
      edges: definition.edges.flatMap((one) => (one === edge ? [{ ...edge, to: id }, on] : one)),
    };
  };
}

/** Puts a loose node that was dropped on an edge into it, and into its middle, with room on both sides. */
export function dropOn(key: string, id: string): Command {
  return (definition) => {
    if (!isLoose(definition, id)) return definition;
    const roomy = makeRoom(key)(definition);
    const at = placeOn(roomy, key);
    return at ? insertOn(key, id)(moveNodes(new Map([[id, at]]))(roomy)) : definition;
  };
}

/** Moves what comes after an edge to the right, as far as a node needs that is put into it. */
export function makeRoom(key: string): Command {
  return (definition) => {
    const ends = endsOf(definition, key);
    if (!ends) return definition;
    const missing = ends.from.x + 2 * (NODE_WIDTH + BESIDE) - ends.to.x;
    if (missing <= 0) return definition;
    const after = branchOf(definition, ends.edge.to);
    const moves = [...positionsOf(definition)].filter(([id, { x }]) => after.has(id) && x >= ends.to.x);
    return moveNodes(new Map(moves.map(([id, { x, y }]) => [id, snap({ x: x + missing, y })])))(definition);
  };
}

/** Returns the place of a node in the middle of an edge; `null` where there is no such edge. */
export function placeOn(definition: FlowDefinition, key: string): Point | null {
  const ends = endsOf(definition, key);
  return ends && snap({ x: (ends.from.x + ends.to.x) / 2, y: (ends.from.y + ends.to.y) / 2 });
}

/** Returns when the next edge from a node is taken: by the outcome of a condition, case or decision that has no edge yet. */
export function nextTaking(definition: FlowDefinition, id: string): Taking {
  const node = nodeById(definition, id);
  const asked = definition.edges.filter((edge) => edge.from === id).map(({ condition }) => condition);
  if (node?.type === 'condition') return { condition: !asked.includes(true) };
  const [next] = casesOf(node).filter((name) => !asked.includes(name));
  return next === undefined ? {} : { condition: next };
}

function endsOf(definition: FlowDefinition, key: string) {
  const edge = edgeByKey(definition, key);
  const positions = positionsOf(definition);
  const from = edge && positions.get(edge.from);
  const to = edge && positions.get(edge.to);
  return from && to ? { edge, from, to } : null;
}

/** The changes that the editor makes to a flow. Each command takes a definition and returns a new one, so undo is a list of them. */
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { isSameJson } from '@/lib/json';
import { caseOfHandle, namesOf } from './cases';
import { closesCycle, edgeKeys, idsOf, nodeById } from './definition';
import { itemIdOf, moveItems, removeItems } from './items';
import { withFreeIds, withNames } from './names';
import { GRID, NODE_HEIGHT, NODE_WIDTH, ownPosition, type Point, positionsOf } from './positions';

/** The graph is the one on the canvas; `taken` are the ids of the whole flow. */
export type Command = (graph: FlowDefinition, taken?: ReadonlySet<string>) => FlowDefinition;

/** When an edge is taken; set by the handles of a node and the form of an edge. */
export interface Taking {
  on?: 'error';
  condition?: unknown;
}

export interface Selection {
  nodes: readonly string[];
  edges: readonly string[];
  /** Notes and groups. */
  items?: readonly string[];
}

/** Returns when an edge from a handle is taken. */
export function takingOf(handle: string | null | undefined): Taking {
  if (handle === 'error') return { on: 'error' };
  const name = caseOfHandle(handle ?? '');
  if (name !== null) return { condition: name };
  return handle === 'true' || handle === 'false' ? { condition: handle === 'true' } : {};
}

/** Adds a node under an unused id; with `after`, to the right of that node and connected to it. */
export function addNode(node: FlowNode, place: { at: Point } | { after: string; taking?: Taking }): Command {
  return (definition, taken = idsOf(definition)) => {
    const [free] = withFreeIds([node], taken);
    if (!free) return definition;
    const { id } = free;
    const after = 'after' in place ? place : null;
    const position = 'at' in place ? snap(place.at) : behind(definition, place.after);
    const added = { ...definition, nodes: [...definition.nodes, { ...free, position }] };
    return after ? connect(after.after, id, after.taking)(added) : added;
  };
}

/** Connects two nodes, unless they are already connected like this or it would create a cycle. */
export function connect(from: string, to: string, taking: Taking = {}): Command {
  return (definition) => {
    if (closesCycle(definition, from, to)) return definition;
    const isThere = definition.edges.some(
      (edge) =>
        edge.from === from &&
        edge.to === to &&
        (edge.on ?? null) === (taking.on ?? null) &&
        isSameJson(edge.condition ?? null, taking.condition ?? null),
    );
    if (isThere) return definition;
    const edge: FlowEdge = { from, to, ...taking };
    return { ...definition, edges: [...definition.edges, edge] };
  };
}

export function moveNodes(positions: ReadonlyMap<string, Point>): Command {
  return (definition) => {
    const moves = (node: FlowNode) => {
      const to = positions.get(node.id);
      const from = ownPosition(node);
      return to && (from?.x !== to.x || from?.y !== to.y) ? to : null;
    };
    if (!definition.nodes.some(moves)) return definition;
    return {
      ...definition,
      nodes: definition.nodes.map((node) => {
        const to = moves(node);
        return to ? { ...node, position: to } : node;
      }),
    };
  };
}

/** Moves nodes and items, named by their drawn ids, to these points. */
export function moveDrawn(points: ReadonlyMap<string, Point>): Command {
  const all = [...points];
  const nodes = all.filter(([drawn]) => itemIdOf(drawn) === null);
  const items = all.flatMap(([drawn, to]): [string, Point][] => {
    const id = itemIdOf(drawn);
    return id === null ? [] : [[id, to]];
  });
  return (graph) => moveItems(new Map(items))(moveNodes(new Map(nodes))(graph));
}

/** Deletes the selected nodes with their edges, the selected edges, and notes and groups. */
export function deleteSelection(selection: Selection): Command {
  return (definition) => removeItems(selection.items ?? [])(withoutSelected(definition, selection));
}

function withoutSelected(definition: FlowDefinition, selection: Selection): FlowDefinition {
  if (selection.nodes.length + selection.edges.length === 0) return definition;
  const nodes = new Set(selection.nodes);
  const edges = new Set(selection.edges);
  const keys = edgeKeys(definition.edges);
  return {
    ...definition,
    nodes: definition.nodes.filter((node) => !nodes.has(node.id)).map((node) => withoutUndo(node, nodes)),
    edges: definition.edges.filter(
      (edge, at) => !nodes.has(edge.from) && !nodes.has(edge.to) && !edges.has(keys[at] ?? ''),
    ),
  };
}

/** Returns a node without the link to one that is deleted. */
function withoutUndo(node: FlowNode, deleted: ReadonlySet<string>): FlowNode {
  const { compensate_with: undo, ...rest } = node;
  return typeof undo === 'string' && deleted.has(undo) ? (rest as FlowNode) : node;
}

/** Sets keys of a node; `undefined` removes a key. */
export function updateNode(id: string, changes: Record<string, unknown>): Command {
  return (definition) => ({
    ...definition,
    nodes: definition.nodes.map((node) => (node.id === id ? (laidOver(node, changes) as FlowNode) : node)),
  });
}

/** Sets the cases of a node. Edges that ask for a case whose name changes ask for its new name. */
export function updateCases(id: string, cases: unknown): Command {
  return (definition) => {
    const names = newNames(nodeById(definition, id), cases);
    return {
      ...definition,
      nodes: definition.nodes.map((node) => (node.id === id ? ({ ...node, cases } as FlowNode) : node)),
      edges: definition.edges.map((edge) => {
        const name = edge.from === id ? names.get(edge.condition) : undefined;
        return name === undefined ? edge : { ...edge, condition: name };
      }),
    };
  };
}

/** Sets keys of an edge; `undefined` removes a key. */
export function updateEdge(key: string, changes: Record<string, unknown>): Command {
  return (definition) => {
    const at = edgeKeys(definition.edges).indexOf(key);
    if (at < 0) return definition;
    return {
      ...definition,
      edges: definition.edges.map((edge, index) => (index === at ? (laidOver(edge, changes) as FlowEdge) : edge)),
    };
  };
}

/** Renames a node, with the edges and expressions that refer to it, also in bodies. An id that is in use changes nothing. */
export function renameNode(id: string, to: string): Command {
  return (definition, taken = idsOf(definition)) => {
    if (id === to || taken.has(to)) return definition;
    return withNames(definition, new Map([[id, to]]));
  };
}

/** Returns the new names of cases, by their old ones. */
function newNames(node: FlowNode | undefined, cases: unknown): Map<unknown, string> {
  const before = namesOf(node?.cases);
  const after = namesOf(cases);
  if (before.length !== after.length) return new Map();
  return new Map(before.flatMap((name, at) => (after[at] === name ? [] : [[name, after[at] ?? '']])));
}

function laidOver(what: Record<string, unknown>, changes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...what, ...changes }).filter(([, value]) => value !== undefined));
}

/** Returns the first free place to the right of a node. */
function behind(definition: FlowDefinition, id: string): Point {
  const positions = positionsOf(definition);
  const from = positions.get(id) ?? { x: 0, y: 0 };
  const place = { x: from.x + NODE_WIDTH + 84, y: from.y };
  const isTaken = () =>
    [...positions.values()].some(
      ({ x, y }) => Math.abs(x - place.x) < NODE_WIDTH && Math.abs(y - place.y) < NODE_HEIGHT + GRID,
    );
  while (isTaken()) place.y += NODE_HEIGHT + 40;
  return snap(place);
}

export function snap({ x, y }: Point): Point {
  return { x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID };
}

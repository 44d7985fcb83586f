/** Translates a flow definition for React Flow: a pure function of the document, what was found in it and the selection. */

import { type Edge, type EdgeMarker, MarkerType, type Node } from '@xyflow/react';
import { bodyOf } from '@/api/bodies';
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { isRecord, writeJson } from '@/lib/json';
import { own } from '@/lib/own';
import { caseHandle, caseOf, failsOn } from './cases';
import type { Selection } from './commands';
import { edgeKeys, nameOf } from './definition';
import { type Findings, groupFaults } from './faults';
import { FLOW, type Inside } from './inside';
import { type CanvasItem, drawItems, mergeItems } from './items';
import { heightOf, NODE_WIDTH, positionsOf } from './positions';
import { texts } from './texts';

const words = texts.canvas;

interface NodeData extends Record<string, unknown> {
  node: FlowNode;
  faults: number;
  warnings: number;
  /** The decisions that no edge asks for, with which an approval fails; joined by commas. */
  failsOn: string;
  /** The handles that edges start from, each on a line. */
  joined: string;
}

interface EdgeData extends Record<string, unknown> {
  kind: EdgeKind;
  label: string | null;
  faults: number;
}

export type EdgeKind = 'always' | 'condition' | 'error' | 'undo';
export type CanvasNode = Node<NodeData, 'flow-node'>;
export type CanvasEdge = Edge<EdgeData, 'flow-edge'>;

const arrow = (color: string): EdgeMarker => ({
  type: MarkerType.ArrowClosed,
  markerUnits: 'userSpaceOnUse',
  width: 22,
  height: 22,
  color,
});

const MARKERS: Record<EdgeKind, EdgeMarker> = {
  always: arrow('var(--neutral-solid)'),
  condition: arrow('var(--ink-soft)'),
  error: arrow('var(--danger-solid)'),
  undo: arrow('var(--warning-solid)'),
};

export interface Canvas {
  items: CanvasItem[];
  nodes: CanvasNode[];
  edges: CanvasEdge[];
}

/** Translates the graph that is inside these nodes. */
export function toCanvas(
  definition: FlowDefinition,
  { faults, warnings }: Findings,
  selection: Selection,
  inside: Inside = FLOW,
): Canvas {
  const positions = positionsOf(definition);
  const nodeFaults = groupFaults(faults, 'node', inside);
  const edgeFaults = groupFaults(faults, 'edge', inside);
  const nodeWarnings = groupFaults(warnings, 'node', inside);
  const nodesById = new Map(definition.nodes.map((node) => [node.id, node]));
  const chosenNodes = new Set(selection.nodes);
  const chosenEdges = new Set(selection.edges);
  const keys = edgeKeys(definition.edges);
  const joined = joinedHandles(definition.edges, nodesById);
  const nodes = definition.nodes.map((node): CanvasNode => {
    const found = { faults: nodeFaults.get(node.id)?.length ?? 0, warnings: nodeWarnings.get(node.id)?.length ?? 0 };
    return {
      id: node.id,
      type: 'flow-node',
      position: positions.get(node.id) ?? { x: 0, y: 0 },
      width: NODE_WIDTH,
      height: heightOf(node),
      selected: chosenNodes.has(node.id),
      ariaLabel: [
        nameOf(node),
        node.type,
        ...spoken(found),
        ...spokenBody(node),
        ...spokenFails(node, definition),
      ].join(', '),
      data: { node, ...found, failsOn: failsOn(node, definition.edges).join(','), joined: joined.get(node.id) ?? '' },
    };
  });
  const edges = definition.edges.flatMap((edge, at): CanvasEdge[] => {
    // An edge to a missing node cannot be drawn; the list of problems shows it.
    if (!nodesById.has(edge.from) || !nodesById.has(edge.to)) return [];
    const id = keys[at] ?? '';
    const kind = edgeKind(edge);
    const label = edgeLabel(edge);
    return [
      {
        id,
        type: 'flow-edge',
        source: edge.from,
        target: edge.to,
        sourceHandle: handleOf(edge, nodesById.get(edge.from)),
        selected: chosenEdges.has(id),
        markerEnd: MARKERS[kind],
        ariaLabel: words.edge(edge.from, edge.to, label),
        data: { kind, label, faults: edgeFaults.get(id)?.length ?? 0 },
      },
    ];
  });
  const items = drawItems(definition, selection.items ?? []);
  return { items, nodes, edges: [...edges, ...undoing(definition)] };
}

/** The links from nodes to those that undo them. They are no edges: the form of a node sets them. */
function undoing({ nodes }: FlowDefinition): CanvasEdge[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return nodes.flatMap(({ id, compensate_with: target }): CanvasEdge[] => {
    if (typeof target !== 'string' || !ids.has(target)) return [];
    return [
      {
        id: `undo/${id}`,
        type: 'flow-edge',
        source: id,
        target,
        sourceHandle: 'out',
        selectable: false,
        deletable: false,
        focusable: false,
        reconnectable: false,
        markerEnd: MARKERS.undo,
        ariaLabel: words.undoes(target, id),
        data: { kind: 'undo', label: words.undo, faults: 0 },
      },
    ];
  });
}

function spoken({ faults, warnings }: { faults: number; warnings: number }): string[] {
  return [...(faults > 0 ? [words.problems(faults)] : []), ...(warnings > 0 ? [words.warnings(warnings)] : [])];
}

function spokenBody(node: FlowNode): string[] {
  const body = bodyOf(node);
  return body ? [words.inside(body.nodes.length)] : [];
}

function spokenFails(node: FlowNode, { edges }: FlowDefinition): string[] {
  const decisions = failsOn(node, edges);
  return decisions.length > 0 ? [words.failsIf(decisionWords(decisions))] : [];
}

/** Names decisions in a sentence: `rejected or timed out`. */
export function decisionWords(decisions: readonly string[]): string {
  return words.or(decisions.map((decision) => own<string>(words.decisions, decision) ?? decision.replaceAll('_', ' ')));
}

export function edgeKind(edge: FlowEdge): EdgeKind {
  if (edge.on === 'error') return 'error';
  return edge.condition === undefined || edge.condition === null ? 'always' : 'condition';
}

/** Returns the label of an edge: `true`, an expression, a comparison in words, `on error`. */
export function edgeLabel(edge: FlowEdge): string | null {
  const condition = conditionText(edge.condition);
  if (edge.on !== 'error') return condition;
  return condition ? words.onErrorIf(condition) : words.onError;
}

const SIGNS: Record<string, string> = {
  equals: '=',
  not_equals: '≠',
  greater_than: '>',
  greater_or_equal: '≥',
  less_than: '<',
  less_or_equal: '≤',
};

/** Returns a condition as readable text; `null` where there is none. */
export function conditionText(condition: unknown): string | null {
  if (condition === undefined || condition === null) return null;
  if (!isRecord(condition)) return String(condition);
  const { type = 'equals', field = '?', value } = condition;
  if (type === 'exists') return words.exists(String(field));
  return `${field} ${own(SIGNS, String(type)) ?? type} ${value === undefined ? '?' : writeJson(value)}`;
}

function joinedHandles(edges: readonly FlowEdge[], nodes: ReadonlyMap<string, FlowNode>): Map<string, string> {
  const handles = new Map<string, Set<string>>();
  for (const edge of edges) {
    const of = handles.get(edge.from) ?? new Set();
    handles.set(edge.from, of.add(handleOf(edge, nodes.get(edge.from))));
  }
  return new Map([...handles].map(([id, of]) => [id, [...of].join('\n')]));
}

/** Returns the handle that an edge starts from: errors below, `true` and `false` of a condition and cases at their own dots. */
function handleOf(edge: FlowEdge, from: FlowNode | undefined): string {
  if (edge.on === 'error') return 'error';
  const name = caseOf(edge, from);
  if (name !== null) return caseHandle(name);
  if (from?.type === 'condition' && typeof edge.condition === 'boolean') return String(edge.condition);
  return 'out';
}

/** Keeps unchanged objects, so that only changes are rendered again, and the sizes that the canvas measured. */
export function mergeCanvas(before: Canvas, after: Canvas): Canvas {
  const nodes = new Map(before.nodes.map((node) => [node.id, node]));
  const edges = new Map(before.edges.map((edge) => [edge.id, edge]));
  return {
    items: mergeItems(before.items, after.items),
    nodes: after.nodes.map((node) => {
      const old = nodes.get(node.id);
      if (!old) return node;
      const isSame =
        old.data.node === node.data.node &&
        old.data.faults === node.data.faults &&
        old.data.warnings === node.data.warnings &&
        old.data.failsOn === node.data.failsOn &&
        old.data.joined === node.data.joined &&
        old.selected === node.selected &&
        old.position.x === node.position.x &&
        old.position.y === node.position.y;
      return isSame ? old : { ...node, ...(old.measured && { measured: old.measured }) };
    }),
    edges: after.edges.map((edge) => {
      const old = edges.get(edge.id);
      const isSame =
        old &&
        old.data?.kind === edge.data?.kind &&
        old.data?.label === edge.data?.label &&
        old.data?.faults === edge.data?.faults &&
        old.sourceHandle === edge.sourceHandle &&
        old.target === edge.target &&
        old.selected === edge.selected;
      return isSame ? old : edge;
    }),
  };
}

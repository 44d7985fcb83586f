/** The flow as a graph with the state of one execution. All functions are pure. */

import type { Execution, FlowDefinition, FlowEdge, FlowNode, NodeExecution } from '@/api/types';
import { isFinished } from '@/components/status';
import { isRecord, numberOf } from '@/lib/json';
import { texts } from './texts';

/** `open` while it is undecided, and where it cannot be inferred. */
export type EdgeState = 'taken' | 'not_taken' | 'open';

export interface GraphNode {
  id: string;
  /** The position in the editor; `null` if it has none. */
  position: { x: number; y: number } | null;
  node: NodeExecution | null;
  name: string;
  type: string;
}

export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  state: EdgeState;
  isError: boolean;
  /** Whether it leads to the node that undoes the other. */
  isUndo: boolean;
  label: string | null;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export function toGraph(definition: FlowDefinition, execution: Pick<Execution, 'node_executions'>): Graph {
  const ran = new Map(execution.node_executions.map((node) => [node.node_id, node]));
  const nodes = definition.nodes.map(({ id, name, type, position }) => ({
    id,
    position: placeOf(position),
    node: ran.get(id) ?? null,
    name: name || id,
    type,
  }));
  const incoming = new Map<string, number>();
  for (const { to } of definition.edges) incoming.set(to, (incoming.get(to) ?? 0) + 1);
  const cases = new Map(definition.nodes.map((node) => [node.id, casesOf(node)]));
  const edges = definition.edges.map((edge, at) => ({
    id: `${at}`,
    from: edge.from,
    to: edge.to,
    state: edgeState(edge, {
      from: ran.get(edge.from),
      to: ran.get(edge.to),
      incoming: incoming.get(edge.to) ?? 1,
      cases: cases.get(edge.from) ?? [],
    }),
    isError: edge.on === 'error',
    isUndo: false,
    label: labelOf(edge),
  }));
  return { nodes, edges: [...edges, ...undoing(definition, ran)] };
}

/** The links from nodes to those that undo them. */
function undoing({ nodes }: FlowDefinition, ran: ReadonlyMap<string, NodeExecution>): GraphEdge[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return nodes.flatMap(({ id, compensate_with: to }) => {
    if (typeof to !== 'string' || !ids.has(to)) return [];
    const handler = ran.get(to);
    const ended = handler?.status === 'skipped' ? 'not_taken' : 'open';
    const state = hasBegun(handler) ? 'taken' : ended;
    return [{ id: `undo/${id}`, from: id, to, state, isError: false, isUndo: true, label: 'undo' }];
  });
}

interface Ends {
  from: NodeExecution | undefined;
  to: NodeExecution | undefined;
  /** The number of edges that lead to `to`. */
  incoming: number;
  /** What edges may ask `from` for; empty if it is neither a switch nor an approval. */
  cases: readonly string[];
}

/** Returns whether an edge was taken, as far as its two ends show. */
export function edgeState(edge: FlowEdge, { from, to, incoming, cases }: Ends): EdgeState {
  if (!from || !isFinished(from.status)) return 'open';
  if (edge.on === 'error') return from.status === 'failed' && hasBegun(to) ? 'taken' : 'not_taken';
  if (from.status !== 'completed') return 'not_taken';
  const { condition } = edge;
  if (condition === null || condition === undefined) return 'taken';
  if (typeof condition === 'boolean') return answerOf(from, 'condition_result') === condition ? 'taken' : 'not_taken';
  if (typeof condition === 'string' && cases.includes(condition)) {
    const key = from.node_type === 'approval' ? 'decision' : 'case';
    return answerOf(from, key) === condition ? 'taken' : 'not_taken';
  }
  if (to?.status === 'skipped') return 'not_taken';
  // A node with one incoming edge was reached by it; with several it is unknown by which.
  return hasBegun(to) && incoming === 1 ? 'taken' : 'open';
}

function answerOf({ output_data: output }: NodeExecution, key: string): unknown {
  return isRecord(output) ? output[key] : null;
}

function casesOf({ type, cases }: FlowNode): string[] {
  if (type === 'approval') return ['approved', 'rejected', 'timed_out'];
  if (type !== 'switch' || !Array.isArray(cases)) return [];
  return [...cases.flatMap((one) => (isRecord(one) && typeof one.name === 'string' ? [one.name] : [])), 'default'];
}

function hasBegun(node: NodeExecution | undefined): boolean {
  if (!node) return false;
  return node.attempts.length > 0 || node.status === 'completed' || Boolean(node.started_at);
}

function labelOf({ condition, on }: FlowEdge): string | null {
  if (on === 'error') return texts.graph.error;
  if (typeof condition === 'boolean') return condition ? 'true' : 'false';
  return typeof condition === 'string' ? condition : null;
}

function placeOf(position: unknown): GraphNode['position'] {
  if (!isRecord(position)) return null;
  const x = numberOf(position.x);
  const y = numberOf(position.y);
  return x === null || y === null ? null : { x, y };
}

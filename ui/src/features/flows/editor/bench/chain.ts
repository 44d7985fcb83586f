/** Which nodes are tested one after the other, and how far that is. All functions are pure. */
import type { NodeTest } from '@/api/flows';
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { errorClassLook } from '@/components/error-classes';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import { caseOf } from '../document/cases';
import { ancestorsOf, branchOf, nodeById } from '../document/definition';

/** `one`: a node alone. `upTo`: what is before it first. `from`: what is after it then. */
export type ChainKind = 'one' | 'upTo' | 'from';

export type Failed = NonNullable<NodeTest['error']>;

/** How far a node of a chain is. Attempts are counted from 1. */
export type Step =
  | { at: 'waiting' }
  | { at: 'running'; attempt: number; attempts: number }
  /** Its next attempt begins at a time in milliseconds since the epoch. */
  | { at: 'retrying'; attempt: number; attempts: number; until: number; error: Failed }
  | { at: 'completed'; attempt: number; attempts: number }
  /** It was not run: the value that is pinned for it stands for its output. */
  | { at: 'pinned' }
  /** None of the edges that lead to it was taken. */
  | { at: 'skipped' }
  | { at: 'failed'; attempt: number; attempts: number; error: Failed }
  | { at: 'cancelled' };

export interface Chain {
  /** Tells chains apart. */
  number: number;
  kind: ChainKind;
  /** The node that was asked for. */
  target: string;
  /** Its nodes, in the order in which they are tested. */
  order: readonly string[];
  steps: ReadonlyMap<string, Step>;
  isOver: boolean;
}

/** Returns a chain before its first test. */
export function chainOf(definition: FlowDefinition, target: string, kind: ChainKind, number: number): Chain {
  const order = orderOf(definition, target, kind);
  const steps = new Map(order.map((id) => [id, { at: 'waiting' } as const]));
  return { number, kind, target, order, steps, isOver: false };
}

function orderOf(definition: FlowDefinition, target: string, kind: ChainKind): string[] {
  if (kind === 'one') return [target];
  const undoing = new Set(definition.nodes.map((node) => node.compensate_with));
  const nodes = kind === 'upTo' ? [...ancestorsOf(definition, target), target] : branchOf(definition, target);
  return inOrder(definition, new Set([...nodes].filter((id) => id === target || !undoing.has(id))));
}

/** Returns nodes so that each comes after those that lead to it; in a cycle, which the server refuses, as they are written. */
function inOrder({ nodes, edges }: FlowDefinition, chosen: ReadonlySet<string>): string[] {
  const left = nodes.map(({ id }) => id).filter((id) => chosen.has(id));
  const done = new Set<string>();
  const isReady = (id: string) => edges.every(({ from, to }) => to !== id || !chosen.has(from) || done.has(from));
  const order: string[] = [];
  while (left.length > 0) {
    const at = Math.max(0, left.findIndex(isReady));
    const [id] = left.splice(at, 1);
    if (id === undefined) break;
    done.add(id);
    order.push(id);
  }
  return order;
}

/** Returns whether an edge is taken once its node has this output; `ask` where the server has to evaluate its condition. */
export function isTaken(edge: FlowEdge, from: FlowNode | undefined, output: unknown): boolean | 'ask' {
  // A failure stops the chain, so nothing follows an error edge.
  if (edge.on === 'error') return false;
  const { condition } = edge;
  if (condition === undefined || condition === null) return true;
  const field = (name: string) => (isRecord(output) ? own(output, name) : undefined);
  if (typeof condition === 'boolean') return field('condition_result') === condition;
  const name = caseOf(edge, from);
  if (name === null) return 'ask';
  return field(from?.type === 'approval' ? 'decision' : 'case') === name;
}

/** Returns the edges that lead to a node, with the nodes that they start from. */
export function incomingOf(definition: FlowDefinition, id: string): { edge: FlowEdge; from: FlowNode | undefined }[] {
  return definition.edges
    .filter(({ to }) => to === id)
    .map((edge) => ({ edge, from: nodeById(definition, edge.from) }));
}

/** Whether a failure is retried at all, by the settings of its node. */
export function isRetried({ retry }: FlowNode, { error_class, status }: Failed): boolean {
  const settings = isRecord(retry) ? retry : {};
  const names = (key: string) => {
    const list = own(settings, key);
    return Array.isArray(list) ? list.map(String) : null;
  };
  const fits = (list: readonly string[]) => list.includes(error_class) || list.includes(String(status));
  if (fits(names('do_not_retry_on') ?? [])) return false;
  const only = names('retry_on');
  return only ? fits(only) : (errorClassLook(error_class)?.retried ?? false);
}

/** Returns the node that a chain is at, or that it ended with. */
export function currentOf({ order, steps }: Chain): string | undefined {
  const busy = order.find((id) => ['running', 'retrying', 'failed', 'cancelled'].includes(steps.get(id)?.at ?? ''));
  return busy ?? order.find((id) => steps.get(id)?.at === 'waiting');
}

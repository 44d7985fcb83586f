/** The cases of a switch and the decisions of an approval, and the handles and edges that ask for them. */
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { isRecord } from '@/lib/json';
import { nodeById } from './definition';

/** What an edge asks for that is taken where no case holds. */
const DEFAULT_CASE = 'default';

const HANDLE = 'case:';

/** What a person can decide in an approval, and what follows when nobody does. */
const DECISIONS = ['approved', 'rejected', 'timed_out'] as const;

/** Returns what edges may ask a node for: the names of its cases and `default`, or decisions. Empty for other nodes. */
export function casesOf(node: FlowNode | undefined): readonly string[] {
  if (node?.type === 'approval') return DECISIONS;
  if (node?.type !== 'switch') return [];
  return [...new Set([...namesOf(node.cases), DEFAULT_CASE])].filter((name) => name !== '');
}

/** Returns the case that an edge asks for; `null` where it asks for none. */
export function caseOf(edge: FlowEdge, from: FlowNode | undefined): string | null {
  const { condition } = edge;
  return typeof condition === 'string' && casesOf(from).includes(condition) ? condition : null;
}

/** Returns the handle from which edges for a case start. */
export function caseHandle(name: string): string {
  return HANDLE + name;
}

/** Returns the case whose edges start from a handle; `null` where it is none. */
export function caseOfHandle(handle: string): string | null {
  return handle.startsWith(HANDLE) ? handle.slice(HANDLE.length) : null;
}

/** Whether an edge asks for a case, so that its condition is no expression. */
export function asksForCase(definition: FlowDefinition, edge: FlowEdge): boolean {
  return caseOf(edge, nodeById(definition, edge.from)) !== null;
}

/** Returns the decisions with which an approval fails, because no edge asks for them. */
export function failsOn(node: FlowNode, edges: readonly FlowEdge[]): readonly string[] {
  if (node.type !== 'approval') return [];
  const asked = new Set(edges.filter(({ from }) => from === node.id).map(({ condition }) => condition));
  const canHappen = node.timeout_seconds === undefined ? ['rejected'] : ['rejected', 'timed_out'];
  return canHappen.filter((decision) => !asked.has(decision));
}

/** Returns the names in a list of cases, empty where one has none. */
export function namesOf(cases: unknown): string[] {
  if (!Array.isArray(cases)) return [];
  return cases.map((one) => (isRecord(one) && typeof one.name === 'string' ? one.name : ''));
}

/** What is wrong with a document, or probably not meant in it, each with its node or edge and its field. */
import { bodyOf } from '@/api/bodies';
import type { Fault } from '@/api/problem';
import type { FlowDefinition } from '@/api/types';
import { edgeKeys } from './definition';
import { FLOW, type Inside, isSameGraph } from './inside';

export interface PlacedFault {
  /** The nodes whose bodies it is in, from the outermost on. */
  inside: Inside;
  /** `null` for the flow as a whole. */
  target: { kind: 'node' | 'edge'; id: string } | null;
  /** The keys from the node or edge down to the fault: `['input', 'url']`. */
  field: readonly string[];
  message: string;
}

/** Faults keep a document from being saved, warnings do not. */
export interface Findings {
  faults: readonly PlacedFault[];
  warnings: readonly PlacedFault[];
}

const NONE: readonly PlacedFault[] = [];

/** Places faults by their JSON pointers into the document `{"flow_definition": …}` that was checked. */
export function placeFaults(faults: readonly Fault[], definition: FlowDefinition): PlacedFault[] {
  return faults.map(({ pointer, detail }) => ({ ...placeOf(segments(pointer).slice(1), definition), message: detail }));
}

const NOWHERE = { inside: FLOW, target: null, field: [] };

/** Returns where a fault is; one in a body that cannot be drawn is at the node that has it. */
function placeOf(
  [list, at, ...field]: readonly string[],
  graph: FlowDefinition,
  inside: Inside = FLOW,
): Omit<PlacedFault, 'message'> {
  if (list === 'edges') {
    const id = edgeKeys(graph.edges)[Number(at)];
    return id === undefined ? { ...NOWHERE, inside } : { inside, target: { kind: 'edge', id }, field };
  }
  const node = list === 'nodes' ? graph.nodes[Number(at)] : undefined;
  if (!node) return { ...NOWHERE, inside };
  const body = field[0] === 'body' && field.length > 2 ? bodyOf(node) : null;
  const within = body && placeOf(field.slice(1), body, [...inside, node.id]);
  return within?.target ? within : { inside, target: { kind: 'node', id: node.id }, field };
}

/** Whether a fault is at this node or edge of this graph. */
export function isAt({ inside, target }: PlacedFault, graph: Inside, kind: 'node' | 'edge', id: string): boolean {
  return target?.kind === kind && target.id === id && isSameGraph(inside, graph);
}

/** Returns those that are in the body of a node of this graph. */
export function inBody(faults: readonly PlacedFault[], graph: Inside, id: string): readonly PlacedFault[] {
  const way = [...graph, id];
  return faults.filter(({ inside }) => way.every((node, at) => inside[at] === node));
}

/** Groups the faults of a graph by their node or edge; those in a body belong to the node that has it. */
export function groupFaults(
  faults: readonly PlacedFault[],
  kind: 'node' | 'edge',
  graph: Inside = FLOW,
): Map<string, readonly PlacedFault[]> {
  const groups = new Map<string, PlacedFault[]>();
  for (const fault of faults) {
    if (!graph.every((id, at) => fault.inside[at] === id)) continue;
    const within = fault.inside[graph.length];
    const target = within === undefined ? fault.target : ({ kind: 'node', id: within } as const);
    if (target?.kind !== kind) continue;
    const group = groups.get(target.id);
    if (group) group.push(fault);
    else groups.set(target.id, [fault]);
  }
  return groups;
}

/** Returns the message of the first fault at a field or inside it; `undefined` when there is none. */
export function faultAt(faults: readonly PlacedFault[] = NONE, path: readonly string[]): string | undefined {
  return faults.find(({ field }) => path.every((key, at) => field[at] === key))?.message;
}

/** Where a field shows warnings from: its own path alone, or also from inside it. */
export type Reach = 'exact' | 'inside';

/** Returns the messages at a field. */
export function messagesAt(found: readonly PlacedFault[], path: readonly string[], reach: Reach): readonly string[] {
  const isHere = ({ field }: PlacedFault) =>
    (reach === 'inside' || field.length === path.length) && path.every((key, at) => field[at] === key);
  return found.filter(isHere).map(({ message }) => message);
}

/** Splits a JSON pointer (RFC 6901). */
function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

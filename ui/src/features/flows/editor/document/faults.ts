/** What is wrong with a document, or probably not meant in it, each with its node or edge and its field. */
import type { Fault } from '@/api/problem';
import type { FlowDefinition } from '@/api/types';
import { edgeKeys } from './definition';

export interface PlacedFault {
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
  const keys = edgeKeys(definition.edges);
  return faults.map(({ pointer, detail }) => {
    const [, list, at, ...field] = segments(pointer);
    const id = list === 'nodes' ? definition.nodes[Number(at)]?.id : list === 'edges' ? keys[Number(at)] : undefined;
    if (id === undefined) return { target: null, field: [], message: detail };
    return { target: { kind: list === 'nodes' ? 'node' : 'edge', id }, field, message: detail };
  });
}

/** Groups faults by their node or edge. */
export function groupFaults(
  faults: readonly PlacedFault[],
  kind: 'node' | 'edge',
): Map<string, readonly PlacedFault[]> {
  const groups = new Map<string, PlacedFault[]>();
  for (const fault of faults) {
    if (fault.target?.kind !== kind) continue;
    const group = groups.get(fault.target.id);
    if (group) group.push(fault);
    else groups.set(fault.target.id, [fault]);
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

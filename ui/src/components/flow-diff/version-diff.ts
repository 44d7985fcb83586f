/** The differences between two versions of a flow, as readable lines. */
import { FLOW_SETTINGS, type FlowSetting } from '@/api/flow-settings';
import type { FlowEdge, FlowNode, FlowVersion } from '@/api/types';
import type { ChangeKind } from '@/components/changes';
import { type Change, changesBetween } from '@/lib/changes';
import { isRecord, isSameJson } from '@/lib/json';

interface NodeChange {
  id: string;
  name: string;
  type: string;
  kind: ChangeKind;
  /** The changes of a changed node. */
  changes: readonly Change[];
}

interface EdgeChange {
  from: string;
  to: string;
  on?: FlowEdge['on'];
  kind: ChangeKind;
  changes: readonly Change[];
}

export interface VersionDiff {
  settings: readonly Change[];
  nodes: readonly NodeChange[];
  edges: readonly EdgeChange[];
  /** How many nodes moved on the canvas and are otherwise unchanged. */
  moved: number;
  /** How many notes and groups of the canvas differ. */
  items: number;
}

type Versioned = Pick<FlowVersion, FlowSetting | 'flow_definition'>;

export function diffVersions(before: Versioned, after: Versioned): VersionDiff {
  const settings = FLOW_SETTINGS.flatMap((key) => changesBetween(before[key] ?? null, after[key] ?? null, key));
  const { nodes, moved } = diffNodes(before.flow_definition.nodes, after.flow_definition.nodes);
  const edges = diffEdges(before.flow_definition.edges ?? [], after.flow_definition.edges ?? []);
  const items = diffItems(before.flow_definition.ui, after.flow_definition.ui);
  return { settings, nodes, edges, moved, items };
}

export function isEmptyDiff({ settings, nodes, edges, moved, items }: VersionDiff): boolean {
  return settings.length + nodes.length + edges.length + moved + items === 0;
}

function diffNodes(before: readonly FlowNode[], after: readonly FlowNode[]) {
  const old = new Map(before.map((node) => [node.id, node]));
  const kept = new Set(after.map((node) => node.id));
  const nodes: NodeChange[] = [];
  let moved = 0;
  for (const node of after) {
    const was = old.get(node.id);
    if (!was) {
      nodes.push(nodeChange(node, 'added'));
      continue;
    }
    const { position: wasAt, ...wasRest } = was;
    const { position: isAt, ...isRest } = node;
    const changes = changesBetween(wasRest, isRest);
    if (changes.length > 0) nodes.push(nodeChange(node, 'changed', changes));
    else if (!isSameJson(wasAt, isAt)) moved += 1;
  }
  for (const node of before) if (!kept.has(node.id)) nodes.push(nodeChange(node, 'removed'));
  return { nodes, moved };
}

function diffItems(before: unknown, after: unknown): number {
  return ['notes', 'groups'].reduce((sum, list) => {
    const [old, now] = [byId(before, list), byId(after, list)];
    const ids = new Set([...old.keys(), ...now.keys()]);
    return sum + [...ids].filter((id) => !isSameJson(old.get(id), now.get(id))).length;
  }, 0);
}

/** What is stored may be anything. */
function byId(ui: unknown, list: string): Map<unknown, unknown> {
  const items = isRecord(ui) ? ui[list] : null;
  return new Map(Array.isArray(items) ? items.filter(isRecord).map((item) => [item.id, item]) : []);
}

function nodeChange(node: FlowNode, kind: NodeChange['kind'], changes: Change[] = []): NodeChange {
  const type = node.type === 'action' && typeof node.action === 'string' ? node.action : node.type;
  return { id: node.id, name: node.name || node.id, type, kind, changes };
}

/** Edges have no id: those with the same ends and the same condition are the same edge. */
function diffEdges(before: readonly FlowEdge[], after: readonly FlowEdge[]): EdgeChange[] {
  const rest = [...before];
  const edges: EdgeChange[] = [];
  for (const edge of after) {
    const at = placeOf(rest, edge);
    const [was] = at < 0 ? [] : rest.splice(at, 1);
    const { from, to, on } = edge;
    if (!was) edges.push({ from, to, on, kind: 'added', changes: [] });
    else {
      const changes = changesBetween(was, edge);
      if (changes.length > 0) edges.push({ from, to, on, kind: 'changed', changes });
    }
  }
  for (const { from, to, on } of rest) edges.push({ from, to, on, kind: 'removed', changes: [] });
  return edges;
}

function placeOf(edges: readonly FlowEdge[], { from, to, on }: FlowEdge): number {
  return edges.findIndex((edge) => edge.from === from && edge.to === to && (edge.on ?? null) === (on ?? null));
}

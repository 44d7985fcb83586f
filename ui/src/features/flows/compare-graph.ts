/** Two versions of a flow as one graph: what is in either, and what became of it. All functions are pure. */

import type { FlowEdge, FlowNode } from '@/api/types';
import type { ChangeKind } from '@/components/changes';
import { diffVersions, type VersionDiff } from '@/components/flow-diff/version-diff';
import { type Canvas, toCanvas } from './editor/document/to-canvas';

export interface Comparison {
  diff: VersionDiff;
  /** Every node and edge of the newer version, and those of the older that are gone. */
  canvas: Canvas;
  /** What became of nodes and edges, by their ids on the canvas; those that are the same are not in it. */
  changes: ReadonlyMap<string, ChangeKind>;
}

type Versioned = Parameters<typeof diffVersions>[0];

/** Lays two versions over each other. */
export function compareVersions(before: Versioned, after: Versioned): Comparison {
  const diff = diffVersions(before, after);
  const [old, current] = [before.flow_definition, after.flow_definition];
  const ids = new Set(current.nodes.map(({ id }) => id));
  const nodes = [...current.nodes, ...old.nodes.filter(({ id }) => !ids.has(id))];
  const { edges, kinds } = mergeEdges(old.edges ?? [], current.edges ?? [], diff);
  const canvas = toCanvas({ nodes, edges }, { faults: [], warnings: [] }, { nodes: [], edges: [] });
  const changes = new Map<string, ChangeKind>(diff.nodes.map(({ id, kind }) => [id, kind]));
  for (const [at, edge] of drawn({ nodes, edges }).entries()) {
    const kind = kinds.get(edge);
    const id = canvas.edges[at]?.id;
    if (kind && id !== undefined) changes.set(id, kind);
  }
  return { diff, canvas, changes };
}

/** The edges that the canvas draws, in its order: those between nodes that are there. */
function drawn({ nodes, edges }: { nodes: readonly FlowNode[]; edges: readonly FlowEdge[] }): FlowEdge[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return edges.filter(({ from, to }) => ids.has(from) && ids.has(to));
}

function mergeEdges(before: readonly FlowEdge[], after: readonly FlowEdge[], diff: VersionDiff) {
  const kinds = new Map<FlowEdge, ChangeKind>();
  const mark = (edges: readonly FlowEdge[], kind: ChangeKind) => {
    for (const { from, to, on } of diff.edges.filter((change) => change.kind === kind)) {
      // Of edges that look the same, each change is that of another one, the last first, as they are compared.
      const edge = edges.findLast(
        (one) => one.from === from && one.to === to && (one.on ?? null) === (on ?? null) && !kinds.has(one),
      );
      if (edge) kinds.set(edge, kind);
    }
  };
  mark(after, 'added');
  mark(after, 'changed');
  mark(before, 'removed');
  const removed = before.filter((edge) => kinds.get(edge) === 'removed');
  return { edges: [...after, ...removed], kinds };
}

/** Reads `3-5` as two versions; `null` where it is something else. */
export function readPair(text: string | undefined): { from: number; to: number } | null {
  const found = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? '');
  return found ? { from: Number(found[1]), to: Number(found[2]) } : null;
}

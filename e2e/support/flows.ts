/** Flow documents that tests start from. */
import type { FlowDocument } from './api.ts';

type Node = Record<string, unknown>;

/** A flow of this one node. */
export function single(name: string, node: Node): FlowDocument {
  return { name, flow_definition: { nodes: [{ id: 'only', ...node }], edges: [] } };
}

const LANE = 25;

/**
 * A flow that forks into chains of 25 nodes and joins again, `size` nodes in all.
 *
 * Every sixth node of a chain is a delay of two seconds, so an execution keeps changing for ten.
 */
export function wide(name: string, size: number): FlowDocument {
  const inner = Array.from({ length: size - 2 }, (_, at) => ({ lane: Math.floor(at / LANE), step: at % LANE }));
  const idOf = ({ lane, step }: { lane: number; step: number }) => `lane_${lane}_${step}`;
  const nodes = inner.map((place): Node => {
    const position = { x: (place.step + 1) * 240, y: place.lane * 100 };
    const does = place.step % 6 === 0 ? { type: 'delay', delay_seconds: 2 } : { type: 'action', action: 'echo', input: {} };
    return { id: idOf(place), name: `Lane ${place.lane} step ${place.step}`, position, ...does };
  });
  const ends = inner.filter((place, at) => inner[at + 1]?.lane !== place.lane);
  const edges = inner.map((place) => ({
    from: place.step === 0 ? 'fork' : idOf({ ...place, step: place.step - 1 }),
    to: idOf(place),
  }));
  return {
    name,
    flow_definition: {
      nodes: [
        { id: 'fork', name: 'Fork', type: 'parallel', position: { x: 0, y: 0 } },
        ...nodes,
        { id: 'join', name: 'Join', type: 'merge', position: { x: (LANE + 1) * 240, y: 0 } },
      ],
      edges: [...edges, ...ends.map((end) => ({ from: idOf(end), to: 'join' }))],
    },
  };
}

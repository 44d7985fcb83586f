import { useQuery } from '@tanstack/react-query';
import { allNodes } from '@/api/bodies';
import type { Listed } from '@/api/damaged';
import { flowsQuery } from '@/api/flows';
import type { Flow } from '@/api/types';

/** Returns what people call a node of a flow: its name in the current version, or its id. */
export type NodeName = (flow: string, node: string) => string;

const byId: NodeName = (_, node) => node;

/** The names of nodes; their ids until the flows are known. */
export function useNodeNames(): NodeName {
  return useQuery({ ...flowsQuery(), select: namesOf }).data ?? byId;
}

function namesOf({ rows: flows }: Listed<Flow>): NodeName {
  const nodes = new Map(flows.map(({ id, flow_definition }) => [id, allNodes(flow_definition)]));
  return (flow, node) => nodes.get(flow)?.find(({ id }) => id === node)?.name || node;
}

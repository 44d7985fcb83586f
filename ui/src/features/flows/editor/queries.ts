import { queryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import { getFlow, patchFlow } from '@/api/flows';
import type { Fault } from '@/api/problem';
import type { Flow, FlowDefinition } from '@/api/types';
import type { Schema } from './form/schema';
import type { Catalogue } from './node-types';

/** The node types that this server runs; they change with its version alone. */
export const nodeTypesQuery = () =>
  queryOptions({
    queryKey: ['node-types'],
    queryFn: async ({ signal }) => (await call<Catalogue>('GET', '/studio/node-types', { signal })).data,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** An agent, as far as a node needs it. */
export interface AgentChoice {
  id: string;
  name: string;
  agent_type: string;
  skills: readonly string[];
  skill_definitions?: readonly { name: string; input_schema?: Schema | null }[];
  is_available: boolean;
}

export const agentChoicesQuery = () =>
  queryOptions({
    queryKey: ['agents', 'choices'],
    queryFn: async ({ signal }) =>
      (await call<AgentChoice[]>('GET', '/studio/agents', { query: { limit: 100 }, signal })).data,
    staleTime: 10_000,
  });

/** Returns every fault of a definition; none when it can be saved. */
export async function findFaults(name: string, definition: FlowDefinition, signal: AbortSignal): Promise<Fault[]> {
  const body = { name, flow_definition: definition };
  const { data } = await call<{ errors: { pointer: string; message: string }[] }>('POST', '/studio/flows/validate', {
    body,
    signal,
  });
  return data.errors.map(({ pointer, message }) => ({ pointer, detail: message }));
}

export class Conflict extends Error {
  constructor(
    /** The flow as somebody else saved it. */
    readonly flow: Flow,
  ) {
    super('The flow was saved elsewhere.');
  }
}

/**
 * Saves a definition as the next version.
 *
 * Throws a `Conflict` when the flow's version is not `version` any more and its graph may have changed.
 */
export async function saveDefinition(id: string, version: number, definition: FlowDefinition): Promise<Flow> {
  const current = await getFlow(id);
  if (current.version !== version) throw new Conflict(current);
  return patchFlow(id, { flow_definition: definition });
}

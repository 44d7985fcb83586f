import { queryOptions } from '@tanstack/react-query';
import { type Agent, listAgents } from '@/api/agents';
import { call } from '@/api/client';
import { getFlow, patchFlow, type Saving, type Verdict, validateFlow } from '@/api/flows';
import { Problem } from '@/api/problem';
import type { Flow, FlowDefinition } from '@/api/types';
import type { Schema } from '../form/schema';
import { readCatalogue } from './node-types';

/** The node types that this server runs; they change only with its version. */
export const nodeTypesQuery = () =>
  queryOptions({
    queryKey: ['node-types'],
    queryFn: async ({ signal }) => readCatalogue((await call('GET', '/studio/node-types', { signal })).data),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** An agent, as far as a node needs it. */
export type AgentChoice = Pick<Agent, 'id' | 'name' | 'agent_type' | 'skills' | 'is_available'> & {
  skill_definitions: readonly { name: string; input_schema?: Schema | null; output_schema?: Schema | null }[];
};

export const agentChoicesQuery = () =>
  queryOptions({
    queryKey: ['agents', 'choices'],
    queryFn: async ({ signal }) => (await listAgents(signal)).rows as readonly AgentChoice[],
    staleTime: 10_000,
  });

/** The settings that faults and warnings of a definition depend on. */
export type CheckedSettings = Pick<Flow, 'name' | 'retry_on_failure' | 'retry_count' | 'timeout_seconds'>;

/** Checks a definition together with the settings of its flow. */
export async function checkDefinition(
  settings: CheckedSettings,
  definition: FlowDefinition,
  signal: AbortSignal,
): Promise<Verdict> {
  try {
    return await validateFlow({ ...settings, flow_definition: definition }, signal);
  } catch (error) {
    // The server reads less than JSON allows, such as no number beyond the largest: 1e400.
    if (error instanceof Problem && error.status === 400) {
      return { faults: [{ pointer: '', detail: error.detail }], warnings: [] };
    }
    throw error;
  }
}

export class Conflict extends Error {
  constructor(
    /** The flow as it was saved elsewhere. */
    readonly flow: Flow,
  ) {
    super('The flow was saved elsewhere.');
  }
}

/**
 * Saves a definition as the next version, and discards the draft that it is of.
 *
 * Throws a `Conflict` when the flow no longer has this tag, so that its graph may have changed.
 */
export async function saveDefinition(
  id: string,
  etag: string | undefined,
  definition: FlowDefinition,
  saving: Saving,
): Promise<Flow> {
  try {
    return await patchFlow(id, { flow_definition: definition }, etag, saving);
  } catch (error) {
    if (error instanceof Problem && error.isConflict) throw new Conflict(await getFlow(id));
    throw error;
  }
}

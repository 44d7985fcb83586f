import { queryOptions } from '@tanstack/react-query';
import { type Agent, listAgents } from '@/api/agents';
import { call } from '@/api/client';
import { getExecution, listExecutions } from '@/api/executions';
import { getFlow, patchFlow, validateFlow } from '@/api/flows';
import type { Fault } from '@/api/problem';
import type { Execution, Flow, FlowDefinition } from '@/api/types';
import { isRecord } from './definition';
import type { Schema } from './form/schema';
import type { Catalogue } from './node-types';
import { TRIGGER } from './pins';

/** The node types that this server runs; they change with its version alone. */
export const nodeTypesQuery = () =>
  queryOptions({
    queryKey: ['node-types'],
    // JSON Schemas, of which the forms read a part: no type describes them.
    queryFn: async ({ signal }) => (await call('GET', '/studio/node-types', { signal })).data as Catalogue,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** An agent, as far as a node needs it. */
export type AgentChoice = Pick<Agent, 'id' | 'name' | 'agent_type' | 'skills' | 'is_available'> & {
  skill_definitions: readonly { name: string; input_schema?: Schema | null }[];
};

export const agentChoicesQuery = () =>
  queryOptions({
    queryKey: ['agents', 'choices'],
    queryFn: async ({ signal }) => (await listAgents(signal)) as readonly AgentChoice[],
    staleTime: 10_000,
  });

/** Returns every fault of a definition; none when it can be saved. */
export async function findFaults(name: string, definition: FlowDefinition, signal: AbortSignal): Promise<Fault[]> {
  return validateFlow({ name, flow_definition: definition }, signal);
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

/** A value that an execution had, and when that was made. */
export interface Executed {
  value: unknown;
  at: string;
}

/** Executions that are looked at, newest first, for outputs that the last one does not have. */
const LOOKED_AT_MAX = 10;

/** The last output of each of these nodes, and the last trigger data, as far as recent executions have them. */
export const lastOutputsQuery = (flow: string, names: readonly string[]) =>
  queryOptions({
    queryKey: ['executions', 'last-outputs', flow, names],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, Executed>> => {
      const { rows } = await listExecutions({ flow_id: flow }, null, signal, LOOKED_AT_MAX);
      const found = new Map<string, Executed>();
      for (const { id } of rows) {
        const missing = names.filter((name) => !found.has(name));
        if (missing.length === 0) break;
        const execution = await getExecution(id, signal);
        for (const name of missing) {
          const value = valueIn(execution, name);
          if (value !== undefined) found.set(name, { value, at: execution.created_at });
        }
      }
      return found;
    },
    staleTime: 10_000,
  });

function valueIn(execution: Execution, name: string): unknown {
  if (name === TRIGGER) return execution.trigger_data;
  const outputs = execution.execution_data;
  return isRecord(outputs) && Object.hasOwn(outputs, name) ? outputs[name] : undefined;
}

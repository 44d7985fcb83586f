import { queryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import { getExecution, listExecutions } from '@/api/executions';
import { getFlow, patchFlow } from '@/api/flows';
import type { Fault } from '@/api/problem';
import type { Execution, Flow, FlowDefinition, Usage } from '@/api/types';
import { isRecord } from './definition';
import type { Schema } from './form/schema';
import type { Catalogue } from './node-types';
import { TRIGGER } from './pins';

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

export interface NodeTestBody {
  flow_definition: FlowDefinition;
  node_id: string;
  trigger_data?: unknown;
  /** By node id, what other nodes are taken to have given back. */
  outputs: Readonly<Record<string, unknown>>;
}

/** What one attempt of a node came to. */
export interface NodeTest {
  success: boolean;
  input: unknown;
  output: unknown;
  error: { class: string; message: string } | null;
  usage: Usage;
  duration_ms: number;
}

/** Runs one attempt of a node, outside of any execution. Nothing of it is stored. */
export async function testNode(body: NodeTestBody, signal: AbortSignal): Promise<NodeTest> {
  return (await call<NodeTest>('POST', '/studio/flows/test-node', { body, signal })).data;
}

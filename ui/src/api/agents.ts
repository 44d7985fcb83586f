/** Calls about agents. */
import { call } from './client';
import type { components } from './schema';
import type { Json } from './types';

type Schemas = components['schemas'];

export type AgentType = Schemas['AgentInput']['agent_type'];
/** The output of a skill that was tried, and what it used. */
export type Trial = Schemas['AgentResult'];

/** One thing that an agent can do. Written by hand, since the API description has a plain object. Only `name` is required. */
export interface Skill {
  name: string;
  description?: string;
  instructions?: string;
  input_schema?: Json;
  output_schema?: Json;
  max_tokens?: number;
  [key: string]: unknown;
}

/** An agent, with the types that the API description leaves open. */
export type Agent = Omit<Schemas['Agent'], 'agent_type' | 'skill_definitions' | 'config'> & {
  agent_type: AgentType;
  skill_definitions: readonly Skill[];
  /** How to reach it. Secret values are masked. */
  config: Readonly<Record<string, Json>>;
};

/** An agent as it is sent: its skills as objects, never as bare names. */
export type AgentDocument = Schemas['AgentInput'] & { skills: readonly Skill[] };

const AGENTS_MAX = 100;

export async function listAgents(signal: AbortSignal): Promise<readonly Agent[]> {
  const { data } = await call('GET', '/studio/agents', { query: { limit: AGENTS_MAX }, signal });
  return data as readonly Agent[];
}

export async function getAgent(id: string): Promise<Agent> {
  return (await call('GET', '/studio/agents/{id}', { path: { id } })).data as Agent;
}

/** An agent as it was read: its id, and the tag that its changes are made to. */
export type Edited = Pick<Agent, 'id' | 'etag'>;

/**
 * Registers an agent, or changes one.
 *
 * Throws a `Problem` that `isConflict` when the agent was changed elsewhere.
 */
export async function saveAgent(edited: Edited | null, document: AgentDocument): Promise<Agent> {
  const { data } = edited
    ? await call('PATCH', '/studio/agents/{id}', { path: { id: edited.id }, body: document, ifMatch: edited.etag })
    : await call('POST', '/studio/agents', { body: document });
  return data as Agent;
}

export async function deleteAgent({ id, etag }: Edited): Promise<void> {
  await call('DELETE', '/studio/agents/{id}', { path: { id }, ifMatch: etag });
}

/** Calls a skill once, outside any execution. Nothing is stored. Throws a `Problem` when it fails. */
export async function trySkill(id: string, skill: string, input: Json): Promise<Trial> {
  const body = { skill, input_data: input };
  return (await call('POST', '/studio/agents/{id}/execute', { path: { id }, body })).data;
}

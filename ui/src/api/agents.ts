/** Calls about agents. */
import { call, everyRow } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components } from './schema';
import type { Json } from './types';

type Schemas = components['schemas'];

export type Agent = Schemas['Agent'];
export type AgentType = Schemas['AgentType'];
export type AgentConfig = Schemas['AgentConfig'];
/** One thing that an agent can do. */
export type Skill = Schemas['Skill'];
/** What a skill that was tried answered, or why it failed. */
export type Trial = Schemas['SkillTry'];
/** A model that a provider lists. */
export type AgentModel = Schemas['AgentModel'];
export type ConnectionTest = Schemas['ConnectionTest'];
/** How to reach an agent, as far as it is filled in. */
export interface AgentReach {
  readonly [key: string]: unknown;
  agent_type: AgentType;
  config: AgentConfig;
}
/** What the protection of an agent does. */
export type ProtectionState = Schemas['ProtectionState'];
/** One version of an agent: its document, and when it was saved. */
export type AgentVersion = Schemas['AgentVersion'];
/** A tool as its MCP server defines it. */
export type ServerTool = Schemas['AgentTool'];
/** An agent as it is sent: its skills as objects, never as bare names. */
export type AgentDocument = Schemas['AgentInput'] & { skills: readonly Skill[] };

const PAGE = 100;
/** Pages are shorter where agents are large. */
const PAGES_MAX = 10;

export async function listAgents(signal: AbortSignal): Promise<Listed<Agent>> {
  const page = (cursor: string | null) => call('GET', '/studio/agents', { query: { limit: PAGE, cursor }, signal });
  return parted<Agent, Damaged>(await everyRow(page, PAGES_MAX));
}

export async function getAgent(id: string): Promise<Agent> {
  return (await call('GET', '/studio/agents/{id}', { path: { id } })).data;
}

export async function getProtection(id: string, signal: AbortSignal): Promise<ProtectionState> {
  return (await call('GET', '/studio/agents/{id}/protection', { path: { id }, signal })).data;
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
  return data;
}

/** Deletes an agent; one that cannot be read has no tag. */
export async function deleteAgent({ id, etag }: Pick<Agent, 'id'> & Partial<Edited>): Promise<void> {
  await call('DELETE', '/studio/agents/{id}', { path: { id }, ifMatch: etag });
}

/** The versions of an agent, newest first. */
export async function listAgentVersions(
  id: string,
  signal: AbortSignal,
): Promise<Listed<AgentVersion, Schemas['DamagedVersion']>> {
  const page = (cursor: string | null) =>
    call('GET', '/studio/agents/{id}/versions', { path: { id }, query: { cursor }, signal });
  return parted<AgentVersion, Schemas['DamagedVersion']>(await everyRow(page, PAGES_MAX));
}

/** Makes a new version with the document of an older one. Throws a `Problem` that `isConflict` as `saveAgent` does. */
export async function restoreAgentVersion({ id, etag }: Edited, version: number): Promise<Agent> {
  const options = { path: { id }, query: { version }, ifMatch: etag };
  return (await call('POST', '/studio/agents/{id}/restore-version', options)).data;
}

/** Asks the MCP server that an agent is for its tools. Throws a `Problem` when it fails. */
export async function listTools(id: string): Promise<Schemas['AgentTools']> {
  return (await call('POST', '/studio/agents/{id}/tools', { path: { id } })).data;
}

/** The names of the local commands that agents may name: MCP servers that the operator has listed. */
export async function listMcpCommands(signal: AbortSignal): Promise<readonly string[]> {
  return (await call('GET', '/studio/mcp-commands', { signal })).data.map(({ name }) => name);
}

/** Asks the provider which models it has. `id` is `null` for a new agent. Throws a `Problem` when it fails. */
export async function listModels(id: string | null, draft: AgentReach): Promise<readonly AgentModel[]> {
  const { data } = id
    ? await call('POST', '/studio/agents/{id}/models', { path: { id }, body: draft })
    : await call('POST', '/studio/agents/models', { body: draft });
  return data.models;
}

/** Tests whether an agent can be reached. */
export async function testConnection(id: string | null, draft: AgentReach): Promise<ConnectionTest> {
  const { data } = id
    ? await call('POST', '/studio/agents/{id}/test', { path: { id }, body: draft })
    : await call('POST', '/studio/agents/test', { body: draft });
  return data;
}

export type Prompt = Schemas['Prompt'];

/** Makes the prompt of a skill of a stored agent. Nothing is called. */
export async function promptOf(id: string, skill: string, input: Json): Promise<Trial> {
  const body = { skill, input_data: input, only_prompt: true };
  return (await call('POST', '/studio/agents/{id}/try', { path: { id }, body })).data;
}

/** A skill of an agent as it is edited, and what it is given. */
export interface Attempted {
  agent: AgentDocument;
  skill: string;
  input_data: Json;
}

/** Tries a skill once, outside any execution; tools that a model asks for are not called. Nothing is stored. */
export async function trySkill(id: string | null, attempted: Attempted): Promise<Trial> {
  const body = { ...attempted, agent: attempted.agent as Record<string, unknown> };
  const { data } = id
    ? await call('POST', '/studio/agents/{id}/try', { path: { id }, body })
    : await call('POST', '/studio/agents/try', { body });
  return data;
}

/** Calls about agents. */
import { call } from './client';
import type { Json } from './types';

export type AgentType = 'llm' | 'http';

/** One thing that an agent can do. Only `name` is always there. */
export interface Skill {
  name: string;
  description?: string;
  instructions?: string;
  input_schema?: Json;
  output_schema?: Json;
  max_tokens?: number;
  [key: string]: unknown;
}

export interface Agent {
  id: string;
  name: string;
  agent_type: AgentType;
  description: string;
  category: string | null;
  tags: readonly string[];
  skills: readonly string[];
  skill_definitions: readonly Skill[];
  /** How to reach it. What is secret in it is masked. */
  config: Readonly<Record<string, Json>>;
  usage_count: number;
  last_used_at: string | null;
  updated_at: string;
}

/** What an agent is made of, as it is sent. */
export interface AgentDocument {
  name: string;
  agent_type: AgentType;
  description: string;
  category: string | null;
  tags: readonly string[];
  config: Record<string, Json>;
  skills: Skill[];
}

/** What a skill answered when it was tried. */
export interface Trial {
  success: boolean;
  result: unknown;
  error?: { error_class: string; error_message: string } | null;
  usage: { input_tokens: number; output_tokens: number };
}

const AGENTS_MAX = 100;

export async function listAgents(signal: AbortSignal): Promise<Agent[]> {
  return (await call<Agent[]>('GET', '/studio/agents', { query: { limit: AGENTS_MAX }, signal })).data;
}

/** Registers an agent, or changes the one of this id. */
export async function saveAgent(id: string | null, document: AgentDocument): Promise<Agent> {
  const [method, path] = id ? (['PATCH', `/studio/agents/${id}`] as const) : (['POST', '/studio/agents'] as const);
  return (await call<Agent>(method, path, { body: document })).data;
}

export async function deleteAgent(id: string): Promise<void> {
  await call('DELETE', `/studio/agents/${id}`);
}

/** Has the agent do it once, outside of any execution. Nothing of it is stored. */
export async function trySkill(id: string, skill: string, input: Json): Promise<Trial> {
  return (await call<Trial>('POST', `/studio/agents/${id}/execute`, { body: { skill, input_data: input } })).data;
}

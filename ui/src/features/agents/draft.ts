/** Converts an agent to the fields of its form, and back. */
import type { Agent, AgentDocument, AgentType, Skill } from '@/api/agents';
import type { Json } from '@/api/types';

export interface SkillDraft {
  key: number;
  name: string;
  description: string;
  instructions: string;
  maxTokens: number | '';
  inputSchema: string;
  outputSchema: string;
  /** Keys without a field in the form; kept unchanged. */
  rest: Record<string, unknown>;
}

export interface AgentDraft {
  name: string;
  type: AgentType;
  description: string;
  category: string;
  tags: readonly string[];
  config: Record<string, Json>;
  skills: readonly SkillDraft[];
}

export const PROVIDERS = ['openai', 'anthropic', 'gemini', 'ollama'] as const;

/** The configuration keys of the form, by type. Keys of the other type are left out when it is saved. */
const CONFIG_KEYS: Record<AgentType, readonly string[]> = {
  llm: [
    'provider',
    'base_url',
    'model',
    'api_key',
    'temperature',
    'headers',
    'extra_body',
    'extra_query',
    'extra_headers',
  ],
  http: ['endpoint', 'api_key', 'headers'],
};

export function newSkill(key: number): SkillDraft {
  return {
    key,
    name: '',
    description: '',
    instructions: '',
    maxTokens: '',
    inputSchema: '',
    outputSchema: '',
    rest: {},
  };
}

export function newAgent(): AgentDraft {
  const config = { provider: 'openai' };
  return { name: '', type: 'llm', description: '', category: '', tags: [], config, skills: [newSkill(0)] };
}

export function draftOf(agent: Agent): AgentDraft {
  return {
    name: agent.name,
    type: agent.agent_type,
    description: agent.description,
    category: agent.category ?? '',
    tags: agent.tags,
    config: { ...agent.config },
    skills: agent.skill_definitions.map(skillDraft),
  };
}

function skillDraft(skill: Skill, key: number): SkillDraft {
  const { name, description, instructions, max_tokens, input_schema, output_schema, ...rest } = skill;
  return {
    key,
    name,
    description: description ?? '',
    instructions: instructions ?? '',
    maxTokens: max_tokens ?? '',
    inputSchema: schemaText(input_schema),
    outputSchema: schemaText(output_schema),
    rest,
  };
}

function schemaText(schema: Json | undefined): string {
  return schema === undefined || schema === null ? '' : JSON.stringify(schema, null, 2);
}

/** Whether a text is valid JSON or empty. */
export function isJsonOrEmpty(text: string): boolean {
  if (text.trim() === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether all JSON fields are valid. The server checks everything else. */
export function isReadable(draft: AgentDraft): boolean {
  return draft.skills.every((skill) => isJsonOrEmpty(skill.inputSchema) && isJsonOrEmpty(skill.outputSchema));
}

/** Returns the document; empty fields are left out. Fails where `isReadable` is false. */
export function documentOf(draft: AgentDraft): AgentDocument {
  const isSet = ([key, value]: [string, Json]) => CONFIG_KEYS[draft.type].includes(key) && value !== '';
  return {
    name: draft.name.trim(),
    agent_type: draft.type,
    description: draft.description,
    category: draft.category.trim() || null,
    tags: draft.tags,
    config: Object.fromEntries(Object.entries(draft.config).filter(isSet)),
    skills: draft.skills.map((skill) => skillOf(skill, draft.type)),
  };
}

function skillOf(draft: SkillDraft, type: AgentType): Skill {
  const skill: Skill = { ...draft.rest, name: draft.name.trim() };
  if (draft.description) skill.description = draft.description;
  if (type === 'llm' && draft.instructions) skill.instructions = draft.instructions;
  if (type === 'llm' && draft.maxTokens !== '') skill.max_tokens = draft.maxTokens;
  if (draft.inputSchema.trim()) skill.input_schema = JSON.parse(draft.inputSchema);
  if (draft.outputSchema.trim()) skill.output_schema = JSON.parse(draft.outputSchema);
  return skill;
}

/** Returns the endpoint of an agent as short text. */
export function reachOf(agent: Agent): string {
  const { provider, model, endpoint } = agent.config;
  if (agent.agent_type === 'http') return text(endpoint);
  return [text(model), text(provider)].filter(Boolean).join(' · ');
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

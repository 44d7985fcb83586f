/** Converts an agent to the fields of its form, and back. */
import type { Agent, AgentConfig, AgentDocument, AgentReach, AgentType, ServerTool, Skill } from '@/api/agents';
import { jsonText, numberOf, parseJson, parseJsonOr } from '@/lib/json';
import { type GuardrailDraft, guardrailDraft, guardrailOf, isReadable as isReadableGuardrail } from './guardrails';
import { isReadable as isReadableTool, nameOf, type ToolDraft, toolDraft, toolOf } from './tools';

export interface SkillDraft {
  key: number;
  name: string;
  description: string;
  instructions: string;
  maxTokens: number | '';
  inputSchema: string;
  outputSchema: string;
  guardrails: readonly GuardrailDraft[];
  tools: readonly ToolDraft[];
  /** Of a tool of an MCP server: the hash of the definition that is accepted. */
  hash: string;
  /** Keys without a field in the form; kept unchanged. */
  rest: Record<string, unknown>;
}

/** A model that is asked if those before it cannot answer. */
export interface FallbackDraft {
  key: number;
  /** Its keys in the document, also those without a field in the form. */
  config: Record<string, unknown>;
}

/** Prices by their keys in the document. Those without a value are `''`. */
export type PricesDraft = Record<string, unknown>;

/** Limits without a value are `''`. */
export interface ProtectionDraft {
  concurrency: unknown;
  requests: unknown;
  tokens: unknown;
  failures: unknown;
  openSeconds: unknown;
}

/** The budget for a day, by its keys in the document. Those without a value are `''`. */
export interface BudgetDraft {
  max_tokens_per_day: unknown;
  max_cost_per_day: unknown;
}

export interface AgentDraft {
  name: string;
  type: AgentType;
  description: string;
  category: string;
  tags: readonly string[];
  config: Record<string, unknown>;
  fallbacks: readonly FallbackDraft[];
  prices: PricesDraft;
  /** Whether the stored agent has prices, which are then removed where none is left. */
  hadPrices: boolean;
  protection: ProtectionDraft;
  /** Whether the stored agent has a protection, which is then removed where none is left. */
  hadProtection: boolean;
  budget: BudgetDraft;
  /** Whether the stored agent has a budget, which is then removed where nothing of it is left. */
  hadBudget: boolean;
  skills: readonly SkillDraft[];
}

export const PROVIDERS = ['openai', 'anthropic', 'gemini', 'ollama'] as const;

/** The APIs of OpenAI. The first one is the default. */
export const APIS = ['chat_completions', 'responses'] as const;

/** The configuration keys of an agent that is not a local command, by type. Keys of the other types are left out when it is saved. */
const CONFIG_KEYS: Record<AgentType, readonly string[]> = {
  llm: [
    'provider',
    'api',
    'base_url',
    'model',
    'api_key',
    'temperature',
    'headers',
    'extra_body',
    'extra_query',
    'extra_headers',
    'stream',
    'idle_timeout_seconds',
  ],
  http: ['endpoint', 'api_key', 'headers'],
  mcp: ['url', 'api_key', 'headers'],
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
    guardrails: [],
    tools: [],
    hash: '',
    rest: {},
  };
}

/** Returns a key that none of the entries has. */
export function freeKey(entries: readonly { key: number }[]): number {
  return 1 + Math.max(-1, ...entries.map(({ key }) => key));
}

/** Moves the entry at a place to the one before. */
export function movedUp<T>(entries: readonly T[], place: number): readonly T[] {
  const [before, entry] = entries.slice(place - 1, place + 1);
  if (before === undefined || entry === undefined) return entries;
  return [...entries.slice(0, place - 1), entry, before, ...entries.slice(place + 1)];
}

/** Makes a tool a skill, or accepts its definition as it is now. A skill without a name makes room for it. */
export function acceptTool(skills: readonly SkillDraft[], tool: ServerTool): readonly SkillDraft[] {
  const { name, hash } = tool;
  const inputSchema = schemaText(tool.input_schema as Skill['input_schema']);
  const accepted = { name, hash, inputSchema, description: tool.description ?? '' };
  if (skills.some((skill) => skill.name.trim() === name)) {
    return skills.map((skill) => (skill.name.trim() === name ? { ...skill, ...accepted } : skill));
  }
  const named = skills.filter((skill) => skill.name.trim() !== '');
  return [...named, { ...newSkill(freeKey(skills)), ...accepted }];
}

export function newAgent(): AgentDraft {
  const config = { provider: 'openai' };
  return {
    name: '',
    type: 'llm',
    description: '',
    category: '',
    tags: [],
    config,
    fallbacks: [],
    prices: {},
    hadPrices: false,
    protection: protectionDraft(null),
    hadProtection: false,
    budget: budgetDraft(null),
    hadBudget: false,
    skills: [newSkill(0)],
  };
}

export function draftOf(agent: Agent): AgentDraft {
  return {
    name: agent.name,
    type: agent.agent_type,
    description: agent.description,
    category: agent.category ?? '',
    tags: agent.tags,
    config: { ...agent.config },
    fallbacks: fallbacksOf(agent.config),
    prices: { ...agent.prices },
    hadPrices: agent.prices !== null,
    protection: protectionDraft(agent.protection),
    hadProtection: agent.protection !== null,
    budget: budgetDraft(agent.budget),
    hadBudget: agent.budget !== null,
    skills: agent.skill_definitions.map(skillDraft),
  };
}

function fallbacksOf(config: AgentConfig): readonly FallbackDraft[] {
  const fallbacks = ('fallbacks' in config && config.fallbacks) || [];
  return fallbacks.map((fallback, key) => ({ key, config: { ...fallback } }));
}

/** How many failures open a breaker that does not say. */
const BREAKER_FAILURES = 5;

function protectionDraft(protection: Agent['protection']): ProtectionDraft {
  const breaker = protection?.breaker;
  return {
    concurrency: protection?.max_concurrency ?? '',
    requests: protection?.requests_per_minute ?? '',
    tokens: protection?.tokens_per_minute ?? '',
    // Without a value, a breaker of defaults only would be lost when the agent is saved.
    failures: breaker ? (breaker.failures ?? BREAKER_FAILURES) : '',
    openSeconds: breaker?.open_seconds ?? '',
  };
}

function budgetDraft(budget: Agent['budget']): BudgetDraft {
  return { max_tokens_per_day: budget?.max_tokens_per_day ?? '', max_cost_per_day: budget?.max_cost_per_day ?? '' };
}

/** Returns the protection; `null` where nothing is limited. */
function protectionOf({ protection, type }: AgentDraft): Record<string, unknown> | null {
  const breaker = given({ failures: protection.failures, open_seconds: protection.openSeconds });
  return given({
    max_concurrency: protection.concurrency,
    requests_per_minute: protection.requests,
    tokens_per_minute: type === 'llm' ? protection.tokens : '',
    breaker: breaker ?? '',
  });
}

function skillDraft(skill: Skill, key: number): SkillDraft {
  const { name, description, instructions, max_tokens, input_schema, output_schema, ...others } = skill;
  const { guardrails, tools, hash, ...rest } = others;
  return {
    key,
    name,
    description: description ?? '',
    instructions: instructions ?? '',
    maxTokens: numberOf(max_tokens) ?? '',
    inputSchema: schemaText(input_schema),
    outputSchema: schemaText(output_schema),
    guardrails: (guardrails ?? []).map(guardrailDraft),
    tools: (tools ?? []).map(toolDraft),
    hash: hash ?? '',
    rest,
  };
}

/** Returns the names of the tools of a skill. */
export function toolNames({ tools }: SkillDraft): readonly string[] {
  return tools.map(nameOf).filter((name) => name !== '');
}

function schemaText(schema: Skill['input_schema']): string {
  return schema ? jsonText(schema) : '';
}

/** The server refuses what is no schema. */
function schemaOf(text: string): Skill['input_schema'] {
  return parseJson(text) as Skill['input_schema'];
}

/** Whether a text is valid JSON or empty. */
export function isJsonOrEmpty(text: string): boolean {
  return text.trim() === '' || parseJsonOr(text) !== undefined;
}

/** Whether all JSON fields are valid. The server checks everything else. */
export function isReadable(draft: AgentDraft): boolean {
  const areSchemas = (skill: SkillDraft) => isJsonOrEmpty(skill.inputSchema) && isJsonOrEmpty(skill.outputSchema);
  const areParts = ({ guardrails, tools }: SkillDraft) =>
    guardrails.every(isReadableGuardrail) && tools.every(isReadableTool);
  return draft.skills.every((skill) => areSchemas(skill) && areParts(skill));
}

/** Returns the name of the local command that the agent is; empty if it is none. */
export function commandOf({ type, config }: Pick<AgentDraft, 'type' | 'config'>): string {
  return type === 'mcp' && typeof config.command === 'string' ? config.command : '';
}

/** Returns what of the document is needed to call the agent. */
export function reachableOf(draft: AgentDraft): AgentReach {
  const keys = commandOf(draft) ? ['command'] : CONFIG_KEYS[draft.type];
  const isOfType = ([key]: [string, unknown]) => keys.includes(key);
  const fallbacks = draft.fallbacks.map(({ config }) => fallbackOf(config));
  const config = {
    ...Object.fromEntries(Object.entries(draft.config).filter(isOfType).filter(isSet)),
    ...(draft.type === 'llm' && fallbacks.length > 0 && { fallbacks }),
  } as AgentConfig;
  return { agent_type: draft.type, config };
}

/** Returns the document; empty fields are left out. The server checks it. Fails where `isReadable` is false. */
export function documentOf(draft: AgentDraft): AgentDocument {
  const prices = given(draft.prices);
  const protection = protectionOf(draft);
  const budget = draft.type === 'llm' ? given({ ...draft.budget }) : null;
  const document = {
    name: draft.name.trim(),
    ...reachableOf(draft),
    description: draft.description,
    category: draft.category.trim() || null,
    tags: draft.tags,
    ...(draft.type === 'llm' && (prices || draft.hadPrices) && { prices }),
    ...((protection || draft.hadProtection) && { protection }),
    ...((budget || draft.hadBudget) && { budget }),
    skills: draft.skills.map((skill) => skillOf(skill, draft.type)),
  };
  return document as AgentDocument;
}

function fallbackOf(config: FallbackDraft['config']): Record<string, unknown> {
  const prices = given((config.prices ?? {}) as PricesDraft) ?? '';
  const all = 'prices' in config ? { ...config, prices } : config;
  return Object.fromEntries(Object.entries(all).filter(isSet));
}

/** Returns the keys with a value; `null` where there are none. */
function given(keys: Record<string, unknown>): Record<string, unknown> | null {
  const set = Object.entries(keys).filter(isSet);
  return set.length > 0 ? Object.fromEntries(set) : null;
}

function isSet([, value]: [string, unknown]): boolean {
  return value !== '';
}

function skillOf(draft: SkillDraft, type: AgentType): Skill {
  const isLlm = type === 'llm';
  const { max_turns, max_answer_tokens, ...rest } = draft.rest;
  const ofLlm = Object.entries({ max_turns, max_answer_tokens }).filter(([, value]) => value !== undefined);
  return {
    ...rest,
    ...(isLlm && Object.fromEntries(ofLlm)),
    name: draft.name.trim(),
    ...(draft.description && { description: draft.description }),
    ...(isLlm && draft.instructions && { instructions: draft.instructions }),
    ...(isLlm && draft.maxTokens !== '' && { max_tokens: draft.maxTokens }),
    ...(isLlm && draft.tools.length > 0 && { tools: draft.tools.map(toolOf) }),
    ...(isLlm &&
      draft.guardrails.length > 0 && { guardrails: draft.guardrails.map(guardrailOf) as Skill['guardrails'] }),
    ...(draft.inputSchema.trim() && { input_schema: schemaOf(draft.inputSchema) }),
    ...(draft.outputSchema.trim() && { output_schema: schemaOf(draft.outputSchema) }),
    ...(type === 'mcp' && draft.hash.trim() && { hash: draft.hash.trim() }),
  };
}

/** Returns the endpoint of an agent as short text. */
export function reachOf({ config }: { config: AgentConfig }): string {
  if ('endpoint' in config) return config.endpoint;
  if ('provider' in config) return [config.model, config.provider].filter(Boolean).join(' · ');
  return config.command || config.url || '';
}

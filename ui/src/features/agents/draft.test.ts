// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of agents.
import { expect, test } from 'vitest';
import type { Agent } from '@/api/agents';
import { documentOf, draftOf, isReadable, movedUp, newAgent, reachOf } from './draft';

const agent: Agent = {
  id: 'a',
  version: 1,
  name: 'Analyst',
  agent_type: 'llm',
  description: '',
  source: 'internal',
  category: 'risk',
  tags: ['eu'],
  skills: ['score'],
  skill_definitions: [
    {
      name: 'score',
      instructions: 'Rate it.',
      output_schema: { type: 'object' },
      tools: [{ name: 'look', type: 'http_request', request: { url: 'https://a.test/${input.id}' } }],
      max_turns: 4,
      max_answer_tokens: 500,
    },
  ],
  config: {
    provider: 'openai',
    model: 'small',
    api_key: '${secrets.KEY}',
    extra_body: { options: { num_ctx: 8192 } },
    extra_query: { 'api-version': '••••' },
    extra_headers: { 'api-key': '${secrets.KEY}' },
  },
  usage_count: 3,
  last_used_at: null,
  is_available: true,
  is_featured: false,
  icon_url: null,
  department: null,
  prices: null,
  protection: null,
  budget: null,
  budget_today: null,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-11-24T00:00:00Z',
  etag: '"1"',
};

test('an agent that was only opened is saved unchanged', () => {
  const saved = documentOf(draftOf(agent));

  expect(saved.config).toEqual(agent.config);
  expect(saved.skills).toEqual(agent.skill_definitions);
  expect([saved.category, saved.tags]).toEqual(['risk', ['eu']]);
});

test('the budget for a day is kept, removed where nothing is left of it, and only language models have one', () => {
  const budget = { max_tokens_per_day: 5000, max_cost_per_day: 2.5 } as Agent['budget'];
  const draft = draftOf({ ...agent, budget });
  const saved = (part: Partial<typeof draft>) => (documentOf({ ...draft, ...part }) as { budget?: unknown }).budget;

  expect(saved({})).toEqual(budget);
  expect(saved({ budget: { max_tokens_per_day: '', max_cost_per_day: '' } })).toBeNull();
  expect(saved({ type: 'http' })).toBeNull();
  expect(documentOf(draftOf(agent))).not.toHaveProperty('budget');
});

test('a circuit breaker with its defaults only is not lost', () => {
  const protection = { requests_per_minute: 60, breaker: {} } as Agent['protection'];

  const saved = documentOf(draftOf({ ...agent, protection })) as { protection?: unknown };

  expect(saved.protection).toEqual({ requests_per_minute: 60, breaker: { failures: 5 } });
});

test('keys of the other type are not sent', () => {
  const draft = { ...draftOf(agent), type: 'http' as const, config: { ...agent.config, endpoint: 'https://a.test' } };

  expect(documentOf(draft).config).toEqual({ endpoint: 'https://a.test', api_key: '${secrets.KEY}' });
  expect(documentOf(draft).skills[0]?.instructions).toBeUndefined();
  expect(documentOf(draft).skills[0]?.tools).toBeUndefined();
});

test('the tools of an MCP server keep their hashes, which no other agent has', () => {
  const hash = `sha256:${'0a'.repeat(32)}`;
  const config = { url: 'https://tools.example/mcp/', api_key: '${secrets.KEY}' };
  const skills = [{ name: 'look', input_schema: { type: 'object' }, hash }];
  const server: Agent = { ...agent, agent_type: 'mcp', source: 'external', config, skill_definitions: skills };

  expect(documentOf(draftOf(server)).config).toEqual(config);
  expect(documentOf(draftOf(server)).skills).toEqual(skills);
  expect(documentOf({ ...draftOf(server), type: 'http' }).skills[0]?.hash).toBeUndefined();
  expect(reachOf(server)).toBe(config.url);
});

test('fallback models keep what has no field and leave out what is empty', () => {
  const fallbacks = [
    { model: 'large', prices: { input_per_million: 1 } },
    { model: 'own', provider: 'ollama' as const },
  ];
  const config = { ...agent.config, fallbacks };
  const draft = draftOf({ ...agent, config } as Agent);
  const emptied = { ...draft, fallbacks: [{ key: 0, config: { model: 'own', provider: '', api_key: '' } }] };

  expect(documentOf(draft).config).toEqual(config);
  expect(documentOf(emptied).config).toEqual({ ...agent.config, fallbacks: [{ model: 'own' }] });
  expect(documentOf({ ...draft, fallbacks: [] }).config).toEqual(agent.config);
  expect(documentOf({ ...draft, type: 'http' }).config).not.toHaveProperty('fallbacks');
});

test('an entry moves up', () => {
  expect([movedUp(['a', 'b', 'c'], 2), movedUp(['a', 'b'], 1), movedUp(['a'], 0), movedUp(['a'], 1)]).toEqual([
    ['a', 'c', 'b'],
    ['b', 'a'],
    ['a'],
    ['a'],
  ]);
});

test('a schema that is not valid JSON makes the draft unreadable', () => {
  const draft = newAgent();
  const broken = { ...draft, skills: draft.skills.map((skill) => ({ ...skill, outputSchema: '{' })) };

  expect([isReadable(draft), isReadable(broken)]).toEqual([true, false]);
});

test('the endpoint is shown as the model or the URL', () => {
  expect(reachOf(agent)).toBe('small · openai');
  expect(reachOf({ config: { endpoint: 'https://a.test' } })).toBe('https://a.test');
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of agents.
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

const ID = '11111111-1111-4111-8111-111111111111';
const agent = {
  id: ID,
  version: 1,
  name: 'Analyst',
  agent_type: 'llm',
  description: '',
  category: null,
  tags: [],
  skills: ['score'],
  skill_definitions: [
    {
      name: 'score',
      instructions: 'Rate ${input.vendor}.',
      input_schema: { examples: [{ vendor: 'Acme' }] },
      output_schema: { type: 'object', properties: { risk: { type: 'number', multipleOf: 0.5 } } },
    },
  ],
  config: { provider: 'openai', model: 'small', api_key: '••••' },
  prices: null,
  protection: null,
  budget: null,
  budget_today: null,
  usage_count: 0,
  last_used_at: null,
  etag: '"1"',
};

const tried = (model: string) => ({
  success: model === 'small',
  prompt: { system: 'Rate Acme.', user: '{"vendor":"Acme"}', tools: [] },
  output: model === 'small' ? { risk: 7 } : null,
  tool_calls: [],
  refusal: null,
  verdicts: [],
  text: '',
  raw: model === 'small' ? '{"risk":7}' : null,
  error:
    model === 'small'
      ? null
      : {
          error_class: 'model_output',
          error_message: 'It does not match: \u202erisk',
          status: null,
          body: '<b>high</b>',
        },
  usage: { input_tokens: 20, output_tokens: 3, cost: null },
  duration_ms: 1200,
});

test('two models answer a kept input side by side, without saving', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [agent],
    'POST /studio/agents/*/models': () => ({ models: [{ id: 'large', name: null }] }),
    'POST /studio/agents/*/try': ({ body }) =>
      tried((body as { agent: { config: { model: string } } }).agent.config.model),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />, `/?agent=${ID}&view=playground`);

  await user.click(await screen.findByRole('switch', { name: /^Compare/ }));
  const variant = within(screen.getByRole('region', { name: 'Variant' }));
  await user.click(variant.getByRole('button', { name: 'List models' }));
  await variant.findByText('1 model listed');
  await user.clear(variant.getByRole('combobox', { name: 'Model' }));
  await user.type(variant.getByRole('combobox', { name: 'Model' }), 'large');
  await user.click(screen.getByRole('button', { name: 'Run both' }));

  const first = within(screen.getByRole('region', { name: 'As in the form' }));
  expect(await first.findByText('Fits the output schema')).toBeTruthy();
  expect(first.getByText('1.2 s · 20 in, 3 out')).toBeTruthy();
  expect(await variant.findByText('Does not fit the output schema')).toBeTruthy();
  expect(variant.getByText('It does not match: \\u202erisk')).toBeTruthy();
  expect(variant.getByText('<b>high</b>')).toBeTruthy();
  const sent = asked.filter(({ path }) => path.endsWith('/try')).map(({ body }) => body as Record<string, unknown>);
  expect(sent.map(({ input_data }) => input_data)).toEqual([{ vendor: 'Acme' }, { vendor: 'Acme' }]);
  await user.click(screen.getByRole('button', { name: 'Use in the form' }));
  await user.click(screen.getByRole('tab', { name: 'Settings' }));
  expect(screen.getAllByLabelText<HTMLInputElement>('Model')[0]?.value).toBe('large');
  expect(asked.some(({ method }) => method === 'PATCH')).toBe(false);
});

test('a fallback model answers as the variant', async () => {
  const config = {
    ...agent.config,
    fallbacks: [{ model: 'large' }, { model: 'own', base_url: 'https://own.example' }],
  };
  const asked = fakeApi({
    'GET /studio/agents': () => [{ ...agent, config }],
    'POST /studio/agents/*/try': ({ body }) => tried((body as { fallback?: number }).fallback === 2 ? 'own' : 'small'),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />, `/?agent=${ID}&view=playground`);

  await user.click(await screen.findByRole('switch', { name: /^Compare/ }));
  const variant = within(screen.getByRole('region', { name: 'Variant' }));
  await user.click(variant.getByRole('combobox', { name: 'Asks' }));
  await user.click(await screen.findByRole('option', { name: 'Fallback 2: own' }));
  expect(variant.queryByLabelText('Model')).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Run both' }));

  expect(await variant.findByText('Does not fit the output schema')).toBeTruthy();
  const sent = asked.filter(({ path }) => path.endsWith('/try')).map(({ body }) => body as Record<string, unknown>);
  expect(sent.map(({ fallback }) => fallback)).toEqual([undefined, 2]);
  expect(sent.map((body) => (body.agent as { config: unknown }).config)).toEqual([config, config]);
});

test('inputs of past executions are found once each, of flows that ask the skill', async () => {
  const node = (input: unknown, of: string) => ({
    agent_id: of,
    skill_used: 'score',
    input_data: input,
    attempts: [{}],
  });
  const executions: Record<string, unknown[]> = {
    a1: [node({ vendor: 'A' }, ID), node({ vendor: 'other' }, 'another')],
    b1: [],
    a2: [node({ vendor: 'A' }, ID)],
    a3: [node({ vendor: 'C' }, ID), { ...node(null, ID), attempts: [] }],
  };
  const rows = ['a1', 'b1', 'a2', 'b2', 'a3'].map((id) => ({ id, flow_id: id[0] }));
  const asked = fakeApi({
    'GET /studio/agents': () => [agent],
    'GET /studio/executions': () => rows,
    'GET /studio/executions/*': ({ path }) => ({ node_executions: executions[path.split('/').at(-1) ?? ''] }),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />, `/?agent=${ID}&view=playground`);

  await user.click(await screen.findByRole('button', { name: 'Find inputs of past executions' }));
  await user.click(await screen.findByRole('combobox', { name: 'Inputs of past executions' }));

  const found = await screen.findAllByRole('option', { name: /vendor/ });
  expect(found.map(({ textContent }) => textContent)).toEqual(['1. {"vendor":"A"}', '2. {"vendor":"C"}']);
  const read = asked.map(({ path }) => path).filter((path) => path.startsWith('/studio/executions/'));
  expect(read.map((path) => path.split('/').at(-1))).toEqual(['a1', 'b1', 'a2', 'a3']);
});

test('a connection is tested as it is in the form', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [agent],
    'POST /studio/agents/*/test': () => ({
      success: false,
      message: null,
      error: { error_class: 'rejected', error_message: 'HTTP 401 from models.example', status: 401, body: null },
      usage: { input_tokens: 0, output_tokens: 0, cost: null },
      duration_ms: 80,
    }),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />, `/?agent=${ID}`);

  await user.type(await screen.findByLabelText('Base URL'), 'https://models.example/v1');
  await user.click(screen.getByRole('button', { name: 'Test connection' }));

  expect(await screen.findByText('HTTP 401 from models.example')).toBeTruthy();
  expect(asked.find(({ path }) => path.endsWith('/test'))?.body).toEqual({
    agent_type: 'llm',
    config: { ...agent.config, base_url: 'https://models.example/v1' },
  });
});

test('an output schema is built as a form that keeps what it cannot show', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [agent],
    'PATCH /studio/agents/*': () => agent,
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />, `/?agent=${ID}`);

  const builder = within(await screen.findByRole('region', { name: 'Output schema (JSON Schema)' }));
  expect(builder.getByText('The form cannot show all of this. Edit as JSON: multipleOf')).toBeTruthy();
  await user.click(builder.getByRole('checkbox', { name: 'Required' }));
  await user.click(builder.getByRole('button', { name: 'Add field' }));
  const field = within(builder.getByRole('region', { name: 'Field field_1' }));
  await user.clear(field.getByLabelText('Name'));
  await user.type(within(builder.getByRole('region', { name: /^Field without/ })).getByLabelText('Name'), 'risk');
  expect(builder.getByText('Another field has this name.')).toBeTruthy();
  await user.type(within(builder.getByRole('region', { name: 'Field ris' })).getByLabelText('Name'), 'y');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  const saved = () => asked.find(({ method }) => method === 'PATCH')?.body as { skills: { output_schema: unknown }[] };
  await vi.waitFor(() =>
    expect(saved()?.skills[0]?.output_schema).toEqual({
      type: 'object',
      properties: { risk: { type: 'number', multipleOf: 0.5 }, risky: { type: 'string' } },
      required: ['risk'],
    }),
  );
});

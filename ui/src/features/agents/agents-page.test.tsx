import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Agent } from '@/api/agents';
import { fakeApi, json, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

test('an agent is created, and faults are shown at their fields', async () => {
  const refusal = json(
    {
      title: 'The agent document is not valid',
      status: 422,
      detail: 'It has a fault.',
      errors: [{ pointer: '/config/model', message: '`model` is missing' }],
    },
    { status: 422 },
  );
  const asked = fakeApi({ 'GET /studio/agents': () => [], 'POST /studio/agents': () => refusal });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);

  await user.click((await screen.findAllByRole('button', { name: 'New agent' }))[0] as HTMLElement);
  await user.type(await screen.findByLabelText(/^Name/), 'Analyst');
  await user.type(screen.getByLabelText(/^Skill name/), 'score');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  expect((await screen.findAllByText(/`?model`? is missing/)).length).toBeGreaterThan(0);
  expect(asked.find((call) => call.method === 'POST')?.body).toEqual({
    name: 'Analyst',
    agent_type: 'llm',
    description: '',
    category: null,
    tags: [],
    config: { provider: 'openai' },
    skills: [{ name: 'score' }],
  });
});

test('an MCP server is created with the tools that may be called', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [],
    'POST /studio/agents': () => problem(500, 'internal', 'Not now.'),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click((await screen.findAllByRole('button', { name: 'New agent' }))[0] as HTMLElement);

  await user.type(await screen.findByLabelText(/^Name/), 'Tools');
  await user.click(screen.getByRole('combobox', { name: 'Type' }));
  await user.click(await screen.findByRole('option', { name: 'MCP server' }));
  await user.type(screen.getByLabelText('URL'), 'https://tools.example/mcp');
  await user.type(screen.getByLabelText(/^Skill name/), 'look');
  await user.type(screen.getByLabelText('Accepted definition'), 'sha256:0');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  await vi.waitFor(() =>
    expect(asked.find((call) => call.method === 'POST')?.body).toEqual({
      name: 'Tools',
      agent_type: 'mcp',
      description: '',
      category: null,
      tags: [],
      config: { url: 'https://tools.example/mcp' },
      skills: [{ name: 'look', hash: 'sha256:0' }],
    }),
  );
});

test('an MCP server that is a local command is chosen by its name, and has nothing else', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [],
    'GET /studio/mcp-commands': () => [{ name: 'files' }, { name: 'git' }],
    'POST /studio/agents': () => problem(500, 'internal', 'Not now.'),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click((await screen.findAllByRole('button', { name: 'New agent' }))[0] as HTMLElement);
  await user.click(await screen.findByRole('combobox', { name: 'Type' }));
  await user.click(await screen.findByRole('option', { name: 'MCP server' }));
  await user.type(screen.getByLabelText('URL'), 'https://tools.example/mcp');

  await user.click(await screen.findByRole('combobox', { name: 'Local command' }));
  await user.click(await screen.findByRole('option', { name: 'git' }));
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  const sent = () => asked.find((call) => call.method === 'POST')?.body as { config: unknown } | undefined;
  await vi.waitFor(() => expect(sent()?.config).toEqual({ command: 'git' }));
  expect(screen.queryByLabelText('URL')).toBeNull();
  await user.click(screen.getByRole('combobox', { name: 'Local command' }));
  await user.click(await screen.findByRole('option', { name: 'None' }));
  expect(screen.getByLabelText<HTMLInputElement>('URL').value).toBe('https://tools.example/mcp');
});

test('an agent that was changed elsewhere is overwritten only on purpose', async () => {
  const read: Agent = {
    id: '11111111-1111-4111-8111-111111111111',
    version: 1,
    name: 'Analyst',
    agent_type: 'http',
    description: '',
    source: 'internal',
    category: null,
    tags: [],
    skills: ['score'],
    skill_definitions: [{ name: 'score' }],
    config: { endpoint: 'https://risk.example.org' },
    usage_count: 0,
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
    updated_at: '2026-01-01T00:00:00Z',
    etag: '"1"',
  };
  const theirs = { ...read, version: 2, name: 'Theirs', etag: '"2"' };
  const asked = fakeApi({
    'GET /studio/agents': () => [read],
    'GET /studio/agents/*': () => theirs,
    'PATCH /studio/agents/*': ({ headers }) =>
      headers.get('If-Match') === theirs.etag ? theirs : problem(412, 'version-conflict', 'The current version is 2.'),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click(await screen.findByRole('button', { name: 'Edit Analyst' }));

  await user.click(await screen.findByRole('button', { name: 'Save agent' }));

  expect((await screen.findByRole('alert')).textContent).toContain('changed elsewhere');
  await user.click(screen.getByRole('button', { name: 'Save mine' }));
  const sent = () => asked.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers.get('If-Match'));
  await vi.waitFor(() => expect(sent()).toEqual(['"1"', '"2"']));
});

test('an agent that cannot be read is shown with its reason, and is deleted on request', async () => {
  const id = '22222222-2222-4222-8222-222222222222';
  let agents = [{ id, damaged: 'stored version 2 is not readable: EOF' }];
  const asked = fakeApi({
    'GET /studio/agents': () => agents,
    'DELETE /studio/agents/*': () => {
      agents = [];
      return new Response(null, { status: 204 });
    },
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  const note = await screen.findByRole('region', { name: '1 entry cannot be read' });
  expect(note.textContent).toContain('stored version 2 is not readable: EOF');

  await user.click(screen.getByRole('button', { name: `Delete ${id}` }));
  await user.click(await screen.findByRole('button', { name: 'Delete it' }));

  await vi.waitFor(() => expect(screen.queryByRole('region', { name: '1 entry cannot be read' })).toBeNull());
  const deletion = asked.find(({ method }) => method === 'DELETE');
  expect([deletion?.path, deletion?.headers.get('If-Match')]).toEqual([`/studio/agents/${id}`, null]);
});

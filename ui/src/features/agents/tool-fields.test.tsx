import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi, json } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

const REVIEW = '33333333-3333-4333-8333-333333333333';
const GONE = '44444444-4444-4444-8444-444444444444';

const look = { name: 'look', type: 'http_request', request: { url: 'https://a.test' } };
const lost = { name: 'lost', type: 'flow', flow_id: GONE, approval: { all: ['input.a'] } };

const agent = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'Analyst',
  agent_type: 'llm',
  description: '',
  category: null,
  tags: [],
  skills: ['rate'],
  skill_definitions: [{ name: 'rate', tools: [look, lost, { name: 'old', type: 'flow', flow_id: GONE }] }],
  config: { provider: 'openai', model: 'm' },
  prices: null,
  protection: null,
  budget: null,
  budget_today: null,
  usage_count: 0,
  last_used_at: null,
  etag: '"1"',
};

const review = {
  id: REVIEW,
  name: 'Review',
  description: 'Reviews a vendor.',
  flow_definition: { nodes: [], edges: [] },
};

test('a flow becomes a tool, other tools stay as they are, and faults are shown where they belong', async () => {
  const message = 'the flow has no form that says what it is given';
  const errors = [{ pointer: '/skills/0/tools/3/input_schema', message }];
  const refusal = { title: 'Invalid', status: 422, detail: 'It has faults.', errors };
  const asked = fakeApi({
    'GET /studio/agents': () => [agent],
    'GET /studio/flows': () => [review],
    'PATCH /studio/agents/*': () => json({ type: '/docs/problems#agent-invalid', ...refusal }, { status: 422 }),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click(await screen.findByRole('button', { name: 'Edit Analyst' }));
  for (const kept of ['Tool 1', 'Tool 2']) {
    within(await screen.findByRole('region', { name: kept })).getByText(/kept as it is/);
  }
  await within(screen.getByRole('region', { name: 'Tool 3' })).findByText('This flow does not exist, so calls fail.');

  await user.click(screen.getByRole('button', { name: 'Add a flow as a tool' }));
  const added = within(await screen.findByRole('region', { name: 'Tool 4' }));
  const choose = async (label: string, option: string) => {
    await user.click(added.getByRole('combobox', { name: label }));
    await user.click(await screen.findByRole('option', { name: option }));
  };
  await choose('Flow', 'Review');
  await user.type(added.getByLabelText(/Tool name/), 'review');
  expect(added.getByPlaceholderText('Reviews a vendor.')).toBeTruthy();
  await choose('Approval of calls', 'If a condition holds');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  const sent = () => asked.findLast(({ method }) => method === 'PATCH')?.body as { skills: unknown[] } | undefined;
  const tool = { name: 'review', type: 'flow', flow_id: REVIEW };
  await vi.waitFor(() => {
    const tools = [look, lost, { name: 'old', type: 'flow', flow_id: GONE }, { ...tool, approval: '' }];
    expect(sent()?.skills[0]).toEqual({ name: 'rate', tools });
  });
  await added.findByText(message);

  await user.type(added.getByLabelText(/Condition of the arguments/), 'input.risk > 7');
  await user.type(added.getByLabelText('Seconds for a decision'), '60');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  const asking = { ...tool, approval: 'input.risk > 7', approval_timeout_seconds: 60 };
  await vi.waitFor(() => expect(sent()?.skills[0]).toMatchObject({ tools: [{}, {}, {}, asking] }));

  await choose('Approval of calls', 'Never');
  await user.click(screen.getByRole('button', { name: 'Remove tool 1' }));
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  await vi.waitFor(() =>
    expect(sent()?.skills[0]).toEqual({
      name: 'rate',
      tools: [lost, { name: 'old', type: 'flow', flow_id: GONE }, tool],
    }),
  );
});

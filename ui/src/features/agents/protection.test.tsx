import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi, json, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

const agent = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'Analyst',
  agent_type: 'http',
  description: '',
  category: null,
  tags: [],
  skills: ['score'],
  skill_definitions: [{ name: 'score' }],
  config: { endpoint: 'https://risk.example.org' },
  prices: null,
  protection: { requests_per_minute: 60, breaker: { failures: 3, open_seconds: 30 } },
  budget: null,
  budget_today: null,
  usage_count: 0,
  last_used_at: null,
  etag: '"1"',
};

test('the budget of an agent is shown with what is used today, and changed, with faults at its fields', async () => {
  const llm = {
    ...agent,
    agent_type: 'llm',
    config: { provider: 'openai', model: 'm' },
    protection: null,
    budget: { max_tokens_per_day: 5000, max_cost_per_day: 2.5 },
    budget_today: {
      tokens: 1200,
      cost: 0.3,
      reserved_tokens: 300,
      reserved_cost: 0,
      currency: 'EUR',
      renews_at: '2026-11-30T00:00:00Z',
    },
  };
  const asked = fakeApi({
    'GET /studio/agents': () => [llm],
    'PATCH /studio/agents/*': () =>
      json(
        {
          type: '/docs/problems#agent-invalid',
          title: 'Agent invalid',
          status: 422,
          detail: 'It has a fault.',
          errors: [{ pointer: '/budget/max_tokens_per_day', message: 'one question may use 2,030 or more' }],
        },
        { status: 422 },
      ),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click(await screen.findByRole('button', { name: 'Edit Analyst' }));

  await screen.findByText('1,200 tokens of 5,000 tokens used today · 300 tokens reserved for calls in progress');
  screen.getByText('EUR 0.30 of EUR 2.50 used today');
  const bar = screen.getByRole('progressbar', { name: 'Tokens per day, used today' });
  expect(bar.getAttribute('aria-valuenow')).toBe('24');
  await user.clear(screen.getByLabelText('Tokens per day'));
  await user.type(screen.getByLabelText('Tokens per day'), '2000');
  await user.clear(screen.getByLabelText('Cost per day'));
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  // At the field, and in the list of what is wrong.
  await vi.waitFor(() => expect(screen.getAllByText('one question may use 2,030 or more')).toHaveLength(2));
  const sent = asked.findLast(({ method }) => method === 'PATCH')?.body as { budget?: unknown };
  expect(sent.budget).toEqual({ max_tokens_per_day: 2000 });
});

test('the protection of an agent is shown with what it does, changed, and removed', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [agent],
    'GET /studio/agents/*/protection': () => ({
      waiting: 12,
      running: 1,
      breaker: 'half_open',
      open_until: null,
      held_until: null,
      next_at: null,
    }),
    'PATCH /studio/agents/*': () => problem(500, 'internal', 'Not now.'),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click(await screen.findByRole('button', { name: 'Edit Analyst' }));
  await screen.findByText(/12 calls waiting · The circuit breaker is half open/);
  const sent = () => asked.findLast(({ method }) => method === 'PATCH')?.body as { protection?: unknown } | undefined;

  await user.type(screen.getByLabelText('Calls at once'), '4');
  await user.clear(screen.getByLabelText('Seconds open'));
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  await vi.waitFor(() =>
    expect(sent()?.protection).toEqual({
      max_concurrency: 4,
      requests_per_minute: 60,
      breaker: { failures: 3 },
    }),
  );

  for (const label of ['Calls at once', 'Calls per minute', 'Failures in a row that open the circuit breaker'])
    await user.clear(screen.getByLabelText(label));
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  await vi.waitFor(() => expect(sent()?.protection).toBeNull());
});

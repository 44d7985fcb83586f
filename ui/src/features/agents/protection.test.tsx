import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
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
  usage_count: 0,
  last_used_at: null,
  etag: '"1"',
};

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

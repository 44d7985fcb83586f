import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Agent } from '@/api/agents';
import { onReachable } from '@/lib/connection';
import { fakeApi, json } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { TrySkill } from './try-skill';

const agent: Agent = {
  id: '11111111-1111-4111-8111-111111111111',
  version: 1,
  name: 'Analyst',
  agent_type: 'llm',
  description: '',
  source: 'internal',
  category: null,
  tags: [],
  skills: ['score'],
  skill_definitions: [{ name: 'score' }],
  config: { provider: 'openai', model: 'small' },
  usage_count: 0,
  last_used_at: null,
  is_available: true,
  is_featured: false,
  icon_url: null,
  department: null,
  prices: null,
  protection: null,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  etag: '"1"',
};

test('a failed trial of a skill shows the reason and what the service said', async () => {
  const asked = fakeApi({
    [`POST /studio/agents/${agent.id}/execute`]: () =>
      json(
        {
          type: '/docs/problems#skill-failed',
          title: 'The service behind the skill failed',
          status: 502,
          detail: 'The provider answered 503: slow down.',
          error: { error_class: 'unavailable', error_message: '…', status: 503, body: { hint: 'try at night' } },
        },
        { status: 502, headers: { 'Content-Type': 'application/problem+json' } },
      ),
  });
  const outages: boolean[] = [];
  onReachable((reachable) => outages.push(reachable));
  const user = userEvent.setup();
  await renderScreen(<TrySkill agent={agent} />);

  await user.click(screen.getByRole('button', { name: /try/i }));

  expect(await screen.findByText('The provider answered 503: slow down.')).toBeTruthy();
  expect(screen.getByText(/try at night/)).toBeTruthy();
  expect(outages).toEqual([]);
  expect(asked[0]?.body).toEqual({ skill: 'score', input_data: {} });
});

test('a trial that worked shows the response and the tokens that it used', async () => {
  const usage = { input_tokens: 1_200, cached_input_tokens: 1_000, output_tokens: 34, cost: 0.5 };
  fakeApi({
    [`POST /studio/agents/${agent.id}/execute`]: () => json({ success: true, result: { risk: 7 }, usage }),
  });
  const user = userEvent.setup();
  await renderScreen(<TrySkill agent={agent} />);

  await user.click(screen.getByRole('button', { name: /try/i }));

  expect(await screen.findByText('Tokens: 1,200 in (of them 1,000 cached), 34 out · cost 0.50')).toBeTruthy();
});

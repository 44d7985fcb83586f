import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Agent } from '@/api/agents';
import { fakeApi } from '@/testing/fake-api';
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
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  etag: '"1"',
};

test('a failed trial of a skill shows the reason', async () => {
  const asked = fakeApi({
    [`POST /studio/agents/${agent.id}/execute`]: () => ({
      success: false,
      result: null,
      error: { error_class: 'rate_limited', error_message: 'The provider answered 429: slow down.' },
      usage: { input_tokens: 0, output_tokens: 0, cost: null },
    }),
  });
  const user = userEvent.setup();
  await renderScreen(<TrySkill agent={agent} />);

  await user.click(screen.getByRole('button', { name: /try/i }));

  expect(await screen.findByText('The provider answered 429: slow down.')).toBeTruthy();
  expect(asked[0]?.body).toEqual({ skill: 'score', input_data: {} });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of agents.
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

const ID = '11111111-1111-4111-8111-111111111111';

const version = (number: number, instructions: string, rest: object = {}) => ({
  version: number,
  created_at: '2026-01-01T00:00:00Z',
  is_current: number === 2,
  name: 'Analyst',
  agent_type: 'llm',
  description: '',
  source: 'internal',
  skills: ['score'],
  skill_definitions: [{ name: 'score', instructions }],
  category: null,
  tags: [],
  is_available: true,
  is_featured: false,
  icon_url: null,
  department: null,
  config: { provider: 'openai', model: `m${number}`, api_key: '••••' },
  prices: null,
  protection: null,
  budget: null,
  budget_today: null,
  ...rest,
});

const agent = (number: number) => ({
  ...version(number, 'Be kind.\nLook at ${input.vendor}.'),
  id: ID,
  usage_count: 0,
  last_used_at: null,
  updated_at: '2026-01-01T00:00:00Z',
  etag: `"${number}"`,
});

test('versions are compared by line and restored over the one that is shown', async () => {
  const asked = fakeApi({
    'GET /studio/agents': () => [agent(2)],
    'GET /studio/agents/*': () => agent(2),
    'GET /studio/agents/*/versions': () => [
      version(2, 'Be kind.\nLook at ${input.vendor}.\nSay \u202ewhy.', { budget: { max_tokens_per_day: 5000 } }),
      version(1, 'Be kind.\nLook at <b>it</b>.'),
    ],
    'POST /studio/agents/*/restore-version': () => ({ ...agent(3), name: 'Restored' }),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />, `/?agent=${ID}&view=versions`);

  await user.click(await screen.findByRole('button', { name: /Version 2/ }));
  expect((await screen.findByText('Model', { selector: 'dt' })).nextSibling?.textContent).toContain('m1');
  const budget = screen.getByText('Budget for a day: Tokens per day', { selector: 'dt' });
  expect(budget.nextSibling?.textContent).toContain('5000');
  expect(screen.getByText('Look at <b>it</b>.').closest('li')?.dataset.kind).toBe('removed');
  expect(screen.getByText('Say \\u202ewhy.').closest('li')?.dataset.kind).toBe('added');
  await user.click(screen.getByRole('button', { name: /Version 1/ }));
  await user.click(screen.getByRole('button', { name: 'Restore version 1' }));

  const restored = () => asked.find(({ method }) => method === 'POST');
  await vi.waitFor(() => expect(restored()?.headers.get('If-Match')).toBe('"2"'));
  expect(restored()?.query.get('version')).toBe('1');
  await user.click(screen.getByRole('tab', { name: 'Settings' }));
  await vi.waitFor(() => expect(screen.getByLabelText<HTMLInputElement>(/^Name/).value).toBe('Restored'));
});

// biome-ignore-all lint/suspicious/noThenProperty: a key of guardrails.
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi, json } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

const JUDGE = '22222222-2222-4222-8222-222222222222';

const agent = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'Analyst',
  agent_type: 'llm',
  description: '',
  category: null,
  tags: [],
  skills: ['refund'],
  skill_definitions: [
    {
      name: 'refund',
      tools: [{ name: 'pay', type: 'http_request', request: { url: 'https://a.test' } }],
      guardrails: [
        { name: 'urgent', on: 'arguments', deny: '(?i)urgent' },
        { name: 'later', on: 'somewhere', deny: 'x' },
      ],
    },
  ],
  config: { provider: 'openai', model: 'm' },
  prices: null,
  protection: null,
  budget: null,
  budget_today: null,
  usage_count: 0,
  last_used_at: null,
  etag: '"1"',
};

const judge = {
  ...agent,
  id: JUDGE,
  name: 'Judge',
  skills: ['check', 'refund'],
  skill_definitions: [{ name: 'check' }, agent.skill_definitions[0]],
};

test('guardrails are edited with what is possible, and faults are shown where they belong', async () => {
  const faults = [
    { pointer: '/skills/0/guardrails/0', message: 'another guardrail is called so, too' },
    { pointer: '/skills/0/guardrails/0/pattern', message: 'a guardrail needs a check' },
    { pointer: '/skills/0/guardrails/0/judge/skill', message: 'the skill takes more than one call' },
  ];
  const refusal = { title: 'Invalid', status: 422, detail: 'It has faults.', errors: faults };
  const asked = fakeApi({
    'GET /studio/agents': () => [agent, judge],
    'PATCH /studio/agents/*': () => json({ type: '/docs/problems#agent-invalid', ...refusal }, { status: 422 }),
  });
  const user = userEvent.setup();
  await renderScreen(<AgentsPage />);
  await user.click(await screen.findByRole('button', { name: 'Edit Analyst' }));
  const first = within(await screen.findByRole('region', { name: 'Guardrail 1' }));
  const choose = async (label: string, option: string) => {
    await user.click(first.getByRole('combobox', { name: label }));
    await user.click(await screen.findByRole('option', { name: option }));
  };

  within(screen.getByRole('region', { name: 'Guardrail 2' })).getByText(/kept as it is/);
  await choose('Of these tools', 'pay');
  await choose('If it is refused', 'Ask a person');
  await choose('Check', 'Is judged by an agent');
  await choose('Judge', 'Judge');
  await user.click(first.getByRole('combobox', { name: 'Skill of the judge' }));
  expect((await screen.findAllByRole('option')).map((option) => option.textContent)).toEqual(['check']);
  await user.click(screen.getByRole('option', { name: 'check' }));
  await user.click(screen.getByRole('button', { name: 'Save agent' }));

  const sent = () => asked.findLast(({ method }) => method === 'PATCH')?.body as { skills: unknown[] } | undefined;
  await vi.waitFor(() =>
    expect(sent()?.skills[0]).toMatchObject({
      guardrails: [
        { name: 'urgent', on: 'arguments', tools: ['pay'], judge: { agent_id: JUDGE, skill: 'check' }, then: 'ask' },
        { name: 'later', on: 'somewhere', deny: 'x' },
      ],
    }),
  );
  for (const { message } of faults) await first.findByText(message);
});

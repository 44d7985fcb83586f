import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeApi, json } from '@/testing/fake-api';
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

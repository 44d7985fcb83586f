import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Alert } from '@/api/alerts';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AlertsPage } from './alerts-page';

const ALERT: Alert = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'On call',
  events: ['execution_failed', 'success_rate'],
  success_rate: { below: 0.955, window_minutes: 30, min_executions: 10 },
  remind_after_minutes: null,
  decision_link: false,
  flow_id: null,
  flow_name: null,
  channel: { type: 'slack', url: `\${secrets.CHAT}` },
  enabled: true,
  created_at: '2026-11-29T20:00:00Z',
  updated_at: '2026-11-29T20:00:00Z',
  messages: [
    {
      id: '01900000-0000-7000-8000-000000000002',
      state: 'pending',
      about: {},
      stands_for: 49,
      attempts: 2,
      created_at: '2026-11-29T20:00:00Z',
      next_attempt_at: '2026-11-29T20:10:00Z',
      ended_at: null,
      error: 'HTTP 503 from chat.example.',
    },
  ],
};

test('an alert is shown with its last message, and a test message says why it was not sent', async () => {
  const error = { error_class: 'configuration', error_message: 'There is no secret `CHAT`.', status: null, body: null };
  fakeApi({
    'GET /studio/alerts': () => [ALERT, { id: 'a', damaged: 'EOF while parsing' }],
    'GET /studio/flows': () => [],
    [`POST /studio/alerts/${ALERT.id}/test`]: () => ({ sent: false, error }),
  });
  const user = userEvent.setup();
  await renderScreen(<AlertsPage />);

  expect(await screen.findByText('EOF while parsing')).toBeDefined();
  expect(screen.getByText(/below 95\.5 % in 30 minutes/)).toBeDefined();
  expect((await screen.findByText(/Not sent yet/)).textContent).toContain('for 49 times HTTP 503 from chat.example.');
  await user.click(screen.getByRole('button', { name: 'Send a test message' }));

  expect((await screen.findByRole('alert')).textContent).toContain('There is no secret CHAT.');
});

test('a new alert is sent as it is filled in', async () => {
  const asked = fakeApi({
    'GET /studio/alerts': () => [],
    'GET /studio/flows': () => [],
    'POST /studio/alerts': () => ALERT,
  });
  const user = userEvent.setup();
  await renderScreen(<AlertsPage />);

  await user.click((await screen.findAllByRole('button', { name: 'New alert' }))[0] as HTMLElement);
  await user.click(await screen.findByLabelText('Name'));
  await user.paste('On call');
  await user.click(screen.getByLabelText('A run waits for a person'));
  await user.click(screen.getByLabelText('Remind after minutes'));
  await user.paste('15');
  await user.click(screen.getByLabelText('The success rate of a flow is too low'));
  await user.click(screen.getByLabelText('To'));
  await user.paste('ann@example.com, bob@example.com');
  await user.click(screen.getByRole('button', { name: 'Save' }));

  await expect
    .poll(() => asked.find((call) => call.method === 'POST')?.body)
    .toEqual({
      name: 'On call',
      events: ['execution_failed', 'waiting_for_person', 'success_rate'],
      success_rate: { below: 0.95, window_minutes: 60, min_executions: 10 },
      decision_link: false,
      remind_after_minutes: 15,
      flow_id: null,
      channel: { type: 'email', to: ['ann@example.com', 'bob@example.com'] },
      enabled: true,
    });
});

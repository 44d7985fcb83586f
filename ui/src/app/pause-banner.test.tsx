import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { PauseBanner } from './pause-banner';
import { PauseDialog } from './pause-dialog';

const PAUSED = {
  paused: true,
  since: '2026-11-23T10:00:00Z',
  by: { type: 'user', id: 'ann@example.com' },
  reason: 'The provider is down',
};
const OFF = { paused: false, since: null, by: null, reason: null };

test('says who paused everything and why, and resumes', async () => {
  const asked = fakeApi({ 'GET /studio/pause': () => PAUSED, 'POST /studio/resume': () => OFF });
  const person = userEvent.setup();

  await renderScreen(<PauseBanner />);
  const banner = await screen.findByRole('status');
  expect(banner.textContent).toContain('Everything is paused');
  expect(banner.textContent).toContain('ann@example.com');
  expect(banner.textContent).toContain('The provider is down');
  await person.click(screen.getByRole('button', { name: 'Resume' }));

  await expect.poll(() => screen.queryByRole('status')).toBeNull();
  expect(asked.some(({ method, path }) => method === 'POST' && path === '/studio/resume')).toBe(true);
});

test('asks before it pauses, and shows why it could not', async () => {
  let tries = 0;
  const asked = fakeApi({
    'POST /studio/pause': () => {
      tries += 1;
      return tries === 1 ? new Response('{"title":"x","detail":"It is paused already."}', { status: 409 }) : PAUSED;
    },
  });
  const person = userEvent.setup();
  let closed = 0;

  await renderScreen(<PauseDialog onClose={() => (closed += 1)} />);
  await person.type(await screen.findByRole('textbox', { name: 'Reason (optional)' }), 'The provider is down');
  await person.click(screen.getByRole('button', { name: 'Pause everything' }));
  await screen.findByText(/paused already/);
  await person.click(screen.getByRole('button', { name: 'Pause everything' }));

  await expect.poll(() => closed).toBe(1);
  expect(asked.at(-1)?.body).toEqual({ reason: 'The provider is down' });
});

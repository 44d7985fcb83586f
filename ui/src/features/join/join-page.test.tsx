import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Invitation } from '@/api/account';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { JoinPage } from './join-page';

vi.mock('@tanstack/react-router', async (original) => ({
  ...(await original<typeof import('@tanstack/react-router')>()),
  useParams: () => ({ token: 'abc' }),
}));

const INVITATION: Invitation = {
  role: 'admin',
  grants: [],
  email: null,
  is_new_password: false,
  is_first_admin: true,
  takes_password: true,
  expires_at: '2026-12-06T20:00:00Z',
};

test('the first admin says who they are, and comes to the studio', async () => {
  const asked = fakeApi({
    'GET /invitations/abc': () => INVITATION,
    'POST /invitations/abc': () => new Response(null, { status: 204 }),
  });
  const user = userEvent.setup();
  const { history } = await renderScreen(<JoinPage />, '/join/abc');

  await screen.findByText('You become the first admin of this server.');
  expect(asked.every(({ method }) => method === 'GET')).toBe(true);
  await user.type(screen.getByLabelText(/Your name/), 'Ann');
  await user.type(screen.getByLabelText(/E-mail address/), 'ann@example.org');
  await user.type(screen.getByLabelText(/^Password/), 'correct horse{Enter}');

  await waitFor(() => expect(history.location.pathname).toBe('/flows'));
  const sent = asked.find(({ method }) => method === 'POST');
  expect(sent?.body).toEqual({ name: 'Ann', email: 'ann@example.org', password: 'correct horse' });
});

test('an invitation says the roles in folders', async () => {
  const grants = [
    { folder: 'billing', role: 'editor' },
    { folder: 'sales/refunds', role: 'viewer' },
  ];
  fakeApi({ 'GET /invitations/abc': () => ({ ...INVITATION, role: 'none', is_first_admin: false, grants }) });
  await renderScreen(<JoinPage />);

  await screen.findByText('You are invited as editor in billing and viewer in sales/refunds.');
});

test('a new password needs no name, and is for one address', async () => {
  const asked = fakeApi({
    'GET /invitations/abc': () => ({
      ...INVITATION,
      email: 'bob@example.org',
      is_first_admin: false,
      is_new_password: true,
    }),
    'POST /invitations/abc': () => problem(422, 'password-unfit', 'A password needs at least 10 characters.'),
  });
  const user = userEvent.setup();
  await renderScreen(<JoinPage />);

  await user.type(await screen.findByLabelText(/^Password/), 'short');
  expect(screen.getByLabelText<HTMLInputElement>(/E-mail address/).readOnly).toBe(true);
  expect(screen.queryByLabelText(/Your name/)).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Set password' }));

  expect((await screen.findByRole('alert')).textContent).toContain('at least 10 characters');
  expect(asked.at(-1)?.body).toEqual({ email: 'bob@example.org', password: 'short' });
});

test('a link that is not valid says so', async () => {
  fakeApi({ 'GET /invitations/abc': () => problem(404, 'no-such-invitation', 'Ask who sent it for a new one.') });
  await renderScreen(<JoinPage />);

  expect(await screen.findByText('This link is not valid')).toBeDefined();
});

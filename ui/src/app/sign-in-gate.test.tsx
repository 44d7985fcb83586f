import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { call } from '@/api/client';
import { goTo } from '@/lib/go-to';
import { reportRefused } from '@/lib/session';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { SignInGate } from './sign-in-gate';

vi.mock('@/lib/go-to');

// It is loaded when it is needed, which takes longer than tests wait.
beforeAll(() => import('./sign-in'));

afterEach(() => {
  reportRefused(false);
  sessionStorage.clear();
});

const isShown = () => screen.queryByRole('heading', { name: 'Sign in' }) !== null;

test('somebody whom the server does not know signs in, and what was open stays', async () => {
  let isIn = false;
  const asked = fakeApi({
    'GET /studio/account': () => problem(401, 'not-signed-in', 'Sign in.'),
    'POST /session': () => {
      if (!isIn) return problem(401, 'wrong-credentials', 'The password is another one.');
      return new Response(null, { status: 204 });
    },
  });
  const user = userEvent.setup();
  await renderScreen(
    <SignInGate>
      <input aria-label="Draft" />
    </SignInGate>,
  );
  await user.type(screen.getByLabelText('Draft'), 'half written');
  await call('GET', '/studio/account').catch(() => undefined);

  await user.type(await screen.findByLabelText(/E-mail address/), 'ann@example.org');
  await user.type(screen.getByLabelText(/^Password/), 'wrong horse');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect((await screen.findByRole('alert')).textContent).toContain('The password is another one.');
  isIn = true;
  await user.type(screen.getByLabelText(/^Password/), 'correct horse{Enter}');

  await waitFor(() => expect(isShown()).toBe(false));
  const posted = asked.filter(({ method }) => method === 'POST');
  expect(posted.at(-1)?.body).toEqual({ email: 'ann@example.org', password: 'correct horse' });
  expect(screen.getByLabelText<HTMLInputElement>('Draft').value).toBe('half written');
});

test('only that nobody is known asks to sign in', async () => {
  fakeApi({ 'GET /studio/account': () => problem(401, 'webhook-refused', 'The call is not signed.') });
  await renderScreen(<SignInGate>page</SignInGate>);

  await call('GET', '/studio/account').catch(() => undefined);

  expect(isShown()).toBe(false);
});

test('a key is used instead of a password', async () => {
  fakeApi({});
  const user = userEvent.setup();
  await renderScreen(<SignInGate>page</SignInGate>);
  reportRefused(true);

  await user.click(await screen.findByRole('button', { name: 'Use an API key instead' }));
  await user.type(screen.getByLabelText(/API key/), ' sf_live_x ');
  await user.click(screen.getByRole('button', { name: 'Continue' }));

  await waitFor(() => expect(isShown()).toBe(false));
  expect(sessionStorage.getItem('steadflow.api-key')).toBe('sf_live_x');
});

test('somebody signs in at a provider where passwords are not used', async () => {
  const asked = fakeApi({
    'GET /session': () => ({ passwords: false, providers: [{ id: 'okta', label: 'Okta' }], passkeys: false }),
    'POST /session/oidc/okta': () => ({ url: 'https://login.example.org/auth?state=s' }),
  });
  const user = userEvent.setup();
  await renderScreen(<SignInGate>page</SignInGate>);
  reportRefused(true);

  await user.click(await screen.findByRole('button', { name: 'Sign in with Okta' }));

  await waitFor(() => expect(goTo).toHaveBeenCalledWith('https://login.example.org/auth?state=s'));
  expect(asked.at(-1)?.body).toEqual({ return_to: '/' });
  expect(screen.queryByLabelText(/^Password/)).toBeNull();
});

import { screen, waitFor } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { ProviderPage } from './provider-page';

vi.mock('@tanstack/react-router', async (original) => ({
  ...(await original<typeof import('@tanstack/react-router')>()),
  useParams: () => ({ provider: 'okta' }),
}));

afterEach(() => window.history.replaceState(null, '', '/'));

test('what a provider sends back is posted once, and the page is shown where somebody was', async () => {
  window.history.replaceState(null, '', '/sign-in/okta?code=a%2Bb&state=s&iss=https%3A%2F%2Fokta&more=1');
  const asked = fakeApi({ 'POST /session/oidc/okta/answer': () => ({ return_to: '/agents?q=x' }) });

  const { history } = await renderScreen(<ProviderPage />, '/sign-in/okta');

  await waitFor(() => expect(history.location.href).toBe('/agents?q=x'));
  const posted = asked.filter(({ method }) => method === 'POST');
  expect(posted.map(({ body }) => body)).toEqual([{ code: 'a+b', state: 's', iss: 'https://okta' }]);
});

test('a refusal is shown with a way back', async () => {
  window.history.replaceState(null, '', '/sign-in/okta?error=access_denied&state=s');
  const asked = fakeApi({
    'POST /session/oidc/okta/answer': () => problem(401, 'sign-in-refused', 'Try it again from the beginning.'),
  });

  await renderScreen(<ProviderPage />, '/sign-in/okta');

  expect((await screen.findByRole('alert')).textContent).toContain('Try it again from the beginning.');
  expect(screen.getByRole('link', { name: 'Back to sign-in' }).getAttribute('href')).toBe('/');
  expect(asked.map(({ body }) => body)).toEqual([{ error: 'access_denied', state: 's' }]);
});

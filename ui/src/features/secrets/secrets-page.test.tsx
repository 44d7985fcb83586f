import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { OauthSecret, Secret, SecretUses } from '@/api/secrets';
import { ACCOUNT } from '@/testing/an-account';
import { fakeApi, json, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { rowsOf } from './rows';
import { SecretsPage } from './secrets-page';

const STORED: Secret = {
  name: 'STORED',
  source: 'stored',
  hosts: ['api.example.com'],
  oauth2: null,
  is_damaged: false,
  updated_at: '2026-11-29T20:00:00Z',
  updated_by: 'ann@example.org',
};
const GIVEN: Secret = {
  ...STORED,
  name: 'GIVEN',
  source: 'environment',
  hosts: null,
  updated_at: null,
  updated_by: null,
};
const FLOW: SecretUses = { kind: 'flow', id: 'f1', name: 'Orders', secrets: ['STORED', 'MISSING'] };

const rowOf = (name: string) => screen.getAllByRole('row').find((row) => within(row).queryByText(name)) as HTMLElement;

test('what is missing or damaged comes first, then by name', () => {
  const rows = rowsOf([{ ...STORED, name: 'Z', is_damaged: true }, STORED, GIVEN], [FLOW]);

  expect(rows.map(({ name }) => name)).toEqual(['MISSING', 'Z', 'GIVEN', 'STORED']);
  expect(rows.map(({ uses }) => uses.length)).toEqual([1, 0, 0, 1]);
});

test('a value is sent with its hosts, and is not shown', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/secrets': () => [STORED, GIVEN],
    'GET /studio/secret-uses': () => [FLOW],
    'PUT /studio/secrets/STORED': () => STORED,
  });
  const user = userEvent.setup();
  const { history } = await renderScreen(<SecretsPage />);

  await screen.findByText('api.example.com');
  expect(within(rowOf('MISSING')).getByText('Missing')).toBeDefined();
  expect(within(rowOf('GIVEN')).getByText('Any host')).toBeDefined();
  expect(within(rowOf('GIVEN')).getByRole('button', { name: 'Delete GIVEN' }).getAttribute('aria-disabled')).toBe(
    'true',
  );
  await user.click(screen.getByRole('button', { name: 'Set value of STORED' }));
  expect(history.location.search).toBe('?set=STORED');
  await user.click(await screen.findByLabelText(/^Value/));
  await user.paste('canary');
  await user.type(screen.getAllByLabelText(/^Sent to these hosts/)[0] as HTMLElement, 'b.example');
  await user.click(screen.getByRole('button', { name: 'Save' }));

  await waitFor(() => expect(asked.some(({ method }) => method === 'PUT')).toBe(true));
  const put = asked.find(({ method }) => method === 'PUT');
  expect(put?.body).toEqual({ value: 'canary', hosts: ['api.example.com', 'b.example'] });
});

const OAUTH: OauthSecret = {
  grant: 'authorization_code',
  token_url: 'https://login.example.com/token',
  authorization_url: 'https://login.example.com/authorize',
  issuer: null,
  client_id: 'flows',
  client_auth: 'post',
  scopes: ['read'],
  token_parameters: { audience: 'a=b' },
  authorization_parameters: {},
  redirect_uri: 'https://flows.example/oauth/callback',
  connection: 'needs_connection',
  obtained_at: null,
  expires_at: null,
  error: 'The provider refused it.',
};

const REFUSED = {
  type: '/docs/problems#invalid-body',
  title: 'x',
  status: 400,
  detail: 'x',
  errors: [{ pointer: '/oauth2/token_url', detail: 'Not a URL.' }],
};

test('how a token is obtained is entered, and sent without what is not meant', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/secrets': () => [{ ...STORED, oauth2: OAUTH }],
    'GET /studio/secret-uses': () => [],
    'PUT /studio/secrets/STORED': () => json(REFUSED, { status: 400 }),
  });
  const user = userEvent.setup();
  await renderScreen(<SecretsPage />);

  await user.click(await screen.findByRole('button', { name: 'Set value of STORED' }));
  await user.type(await screen.findByLabelText(/^Client secret/), 'canary');
  await user.click(screen.getByRole('button', { name: 'Save' }));

  await screen.findByText('Not a URL.');
  const put = asked.find(({ method }) => method === 'PUT');
  const { connection, obtained_at, expires_at, error, redirect_uri, issuer, ...config } = OAUTH;
  expect(put?.body).toEqual({ oauth2: { ...config, client_secret: 'canary' }, hosts: ['api.example.com'] });
  await user.click(screen.getByLabelText(/^Client credentials/));
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(asked.filter(({ method }) => method === 'PUT').length).toBe(2));
  const second = asked.filter(({ method }) => method === 'PUT')[1]?.body as { oauth2: object };
  expect(Object.keys(second.oauth2)).not.toContain('authorization_url');
});

test('a secret that is not connected says why and what to register', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/secrets': () => [{ ...STORED, oauth2: OAUTH }],
    'GET /studio/secret-uses': () => [],
    'POST /studio/secrets/STORED/authorize': () => problem(409, 'nothing-to-connect', 'Too many were begun.'),
  });
  const user = userEvent.setup();
  await renderScreen(<SecretsPage />, '/secrets?authorization=failed&name=STORED');

  const notice = await screen.findByRole('alert');
  expect(notice.textContent).toContain('The secret was not connected');
  expect(notice.textContent).toContain('The provider refused it.');
  const row = rowOf('STORED');
  for (const text of ['Not connected', 'https://flows.example/oauth/callback', 'login.example.com: read']) {
    expect(within(row).getByText(text)).toBeDefined();
  }
  await user.click(within(row).getByRole('button', { name: 'Connect STORED' }));
  await waitFor(() => expect(asked.some(({ method }) => method === 'POST')).toBe(true));
});

test('what uses a secret is said before it is deleted', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/secrets': () => [STORED],
    'GET /studio/secret-uses': () => [FLOW],
    'DELETE /studio/secrets/STORED': () => problem(409, 'x', 'It is in use.'),
  });
  const user = userEvent.setup();
  await renderScreen(<SecretsPage />);

  await user.click(await screen.findByRole('button', { name: 'Delete STORED' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText('1 use, which will fail:')).toBeDefined();
  expect(within(dialog).getByText('Orders')).toBeDefined();
  await user.click(within(dialog).getByRole('button', { name: 'Delete secret' }));

  expect((await within(dialog).findByRole('alert')).textContent).toContain('It is in use.');
  expect(asked.filter(({ method }) => method === 'DELETE').length).toBe(1);
});

test('an operator is told why there is nothing to see, and nothing is asked for', async () => {
  const asked = fakeApi({ 'GET /studio/account': () => ({ ...ACCOUNT, role: 'operator', permissions: [] }) });
  await renderScreen(<SecretsPage />);

  expect(await screen.findByText('This needs the role Editor, and yours is Operator. Ask an admin.')).toBeDefined();
  expect(asked.map(({ path }) => path)).toEqual(['/studio/account']);
});

test('where there is no secret yet, it is said how one is used', async () => {
  fakeApi({ 'GET /studio/secrets': () => [], 'GET /studio/secret-uses': () => [] });
  await renderScreen(<SecretsPage />);

  expect(await screen.findByText('No secrets yet')).toBeDefined();
  expect(screen.getAllByRole('button', { name: 'Add secret' }).length).toBe(2);
});

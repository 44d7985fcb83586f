import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Secret, SecretUses } from '@/api/secrets';
import { ACCOUNT } from '@/testing/an-account';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { rowsOf } from './rows';
import { SecretsPage } from './secrets-page';

const STORED: Secret = {
  name: 'STORED',
  source: 'stored',
  hosts: ['api.example.com'],
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

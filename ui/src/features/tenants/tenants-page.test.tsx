import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Account } from '@/api/account';
import type { Tenant } from '@/api/tenants';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { TenantsPage } from './tenants-page';

const NO_QUOTA = {
  executions: null,
  starts_per_minute: null,
  stored_bytes: null,
  tokens_per_day: null,
  cost_per_day: null,
  currency: null,
};
const NO_USE = { executions: null, starts_last_minute: null, stored_bytes: null, tokens_today: null, cost_today: null };
const ACME: Tenant = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'acme',
  is_default: false,
  created_at: '2026-11-29T20:00:00Z',
  disabled_at: null,
  cancelling_since: null,
  deleting_since: null,
  quota: { ...NO_QUOTA, executions: 500 },
  uses: { ...NO_USE, executions: 12 },
};
const DEFAULT: Tenant = { ...ACME, id: '0', name: 'default', is_default: true, created_at: null, quota: NO_QUOTA };
const ACCOUNT = { name: 'Ann', role: 'admin', is_local: false, permissions: ['manage_tenants'] } as unknown as Account;
const LINK = { id: ACME.id, url: 'https://flows.example/join/abc', expires_at: '2026-12-06T20:00:00Z' };

const actions = (name: string) => within(screen.getByRole('group', { name: `Actions for ${name}` }));

test('tenants are listed with their limits, and a new one has a link that is shown once', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/tenants': () => [DEFAULT, ACME],
    'POST /studio/tenants': () => ({ tenant: ACME, invitation: LINK }),
  });
  const user = userEvent.setup();
  await renderScreen(<TenantsPage />);

  await screen.findByText('12 of 500 executions');
  expect(actions('default').queryByRole('button', { name: 'Disable' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Create tenant' }));
  const dialog = within(await screen.findByRole('dialog'));
  await user.type(dialog.getByRole('textbox', { name: /Name/ }), 'beta');
  await user.click(dialog.getByRole('button', { name: 'Create tenant' }));

  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Link').value).toBe(LINK.url));
  expect(asked.find(({ method }) => method === 'POST')?.body).toEqual({ name: 'beta' });
});

test('limits are set as a whole, and an empty field is no limit', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/tenants': () => [DEFAULT, ACME],
    [`PATCH /studio/tenants/${ACME.id}`]: () => ACME,
  });
  const user = userEvent.setup();
  await renderScreen(<TenantsPage />);

  await screen.findByText('acme');
  await user.click(actions('acme').getByRole('button', { name: 'Limits' }));
  await user.clear(await screen.findByLabelText('Executions that have not ended'));
  await user.type(screen.getByLabelText('Stored data in MiB'), '2');
  await user.type(screen.getByLabelText('Costs per day'), '1.5');
  await user.type(screen.getByLabelText('Currency'), 'eur');
  await user.click(screen.getByRole('button', { name: 'Save limits' }));

  await waitFor(() => expect(asked.some(({ method }) => method === 'PATCH')).toBe(true));
  const quota = { ...NO_QUOTA, stored_bytes: 2 * 1024 * 1024, cost_per_day: 1.5, currency: 'EUR' };
  expect(asked.find(({ method }) => method === 'PATCH')?.body).toEqual({ quota });
});

test('a tenant is disabled before it is deleted, and deleted by typing its name', async () => {
  const disabled = { ...ACME, disabled_at: '2026-11-30T20:00:00Z' };
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/tenants': () => [DEFAULT, disabled],
    [`DELETE /studio/tenants/${ACME.id}`]: () => ({ ...disabled, deleting_since: '2026-11-30T20:00:00Z' }),
  });
  const user = userEvent.setup();
  await renderScreen(<TenantsPage />);

  await screen.findByText('Disabled');
  await user.click(actions('acme').getByRole('button', { name: 'Delete' }));
  const submit = await screen.findByRole<HTMLButtonElement>('button', { name: 'Delete tenant' });
  expect(submit.disabled).toBe(true);
  await user.type(screen.getByLabelText('Type acme to confirm'), 'acme');
  await user.click(screen.getByLabelText('Cancel executions that have not ended'));
  await user.click(submit);

  await waitFor(() => expect(asked.some(({ method }) => method === 'DELETE')).toBe(true));
  const query = asked.find(({ method }) => method === 'DELETE')?.query;
  expect([query?.get('name'), query?.get('cancel')]).toEqual(['acme', 'true']);
});

test('who may not manage tenants is told so, and nothing is asked for', async () => {
  const asked = fakeApi({ 'GET /studio/account': () => ({ ...ACCOUNT, permissions: [] }) });
  await renderScreen(<TenantsPage />);

  expect(await screen.findByText('Only admins of the default tenant manage tenants')).toBeDefined();
  expect(asked.map(({ path }) => path)).toEqual(['/studio/account']);
});

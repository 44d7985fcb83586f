import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { ApiKey } from '@/api/keys';
import { ACCOUNT, LOCAL } from '@/testing/an-account';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { KeysPage } from './keys-page';

const KEY: ApiKey = {
  id: '01900000-0000-7000-8000-00000000000a',
  prefix: 'sf_live_Ab3dEf9h',
  name: 'Import',
  role: 'operator',
  owner_id: '01900000-0000-7000-8000-00000000000b',
  flow_ids: null,
  folders: null,
  addresses: ['192.0.2.0/24', '2001:db8::/32'],
  created_at: '2026-11-29T20:00:00Z',
  created_by: 'ann@example.org',
  expires_at: '2026-11-29T21:00:00Z',
  last_used_at: null,
  last_used_from: null,
};
const SERVICE = {
  id: KEY.owner_id,
  kind: 'service',
  name: 'Importer',
  email: null,
  role: 'operator',
  created_at: KEY.created_at,
  disabled_at: null,
};

test('an admin sees whose keys there are, and makes one for a service account', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/keys': () => [KEY],
    'GET /studio/members': () => [SERVICE],
    'GET /studio/flows': () => [],
    'POST /studio/keys': () => ({ ...KEY, key: 'sf_live_secret' }),
  });
  const user = userEvent.setup();
  await renderScreen(<KeysPage />);

  const row = (await screen.findByText('Import')).closest('tr') as HTMLElement;
  for (const text of ['Importer', 'Operator', '2 networks', 'Expired', 'Not used yet']) {
    expect(await within(row).findByText(text)).toBeDefined();
  }
  await user.click(screen.getByRole('button', { name: 'Create key' }));
  await user.click(await screen.findByRole('radio', { name: /A service account/ }));
  await user.type(screen.getAllByLabelText(/^Service account/)[0] as HTMLElement, 'Importer');
  await user.type(screen.getByLabelText(/^Name/), 'Second');
  await user.click(screen.getByRole('radio', { name: /Editor/ }));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Create key' }));

  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('API key').value).toBe('sf_live_secret'));
  const made = asked.find(({ method }) => method === 'POST')?.body as Record<string, unknown>;
  expect(made).toMatchObject({ account: 'Importer', name: 'Second', role: 'editor' });
  expect(Object.keys(made)).not.toContain('flow_ids');
  const days = (Date.parse(String(made.expires_at)) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(90);
});

test('an operator makes own keys, with no role above theirs, and sees no others', async () => {
  const operator = { ...ACCOUNT, role: 'operator', permissions: ['use_own_account'] };
  const asked = fakeApi({
    'GET /studio/account': () => operator,
    'GET /studio/account/keys': () => [],
    'GET /studio/flows': () => [],
    'POST /studio/account/keys': () => ({ ...KEY, key: 'sf_live_secret' }),
  });
  const user = userEvent.setup();
  await renderScreen(<KeysPage />);

  await screen.findByText('No API keys yet');
  await user.click(screen.getAllByRole('button', { name: 'Create key' })[0] as HTMLElement);
  await user.type(await screen.findByLabelText(/^Name/), 'Laptop{Enter}');

  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('API key').value).toBe('sf_live_secret'));
  expect(asked.find(({ method }) => method === 'POST')?.body).toMatchObject({ name: 'Laptop', role: 'viewer' });
  expect(asked.some(({ path }) => path === '/studio/keys' || path === '/studio/members')).toBe(false);
});

test('roles above the own one are not offered, and where nobody signs in there are no own keys', async () => {
  fakeApi({
    'GET /studio/account': () => ({ ...LOCAL, role: 'editor' }),
    'GET /studio/keys': () => [],
    'GET /studio/members': () => [],
    'GET /studio/flows': () => [],
  });
  const user = userEvent.setup();
  await renderScreen(<KeysPage />);

  expect(await screen.findByText(/Nobody signs in at this server/)).toBeDefined();
  await screen.findByText('No API keys yet');
  await user.click(screen.getAllByRole('button', { name: 'Create key' })[0] as HTMLElement);

  expect((await screen.findAllByLabelText(/^Service account/))[0]).toBeDefined();
  expect(screen.queryByRole('radio', { name: /^You/ })).toBeNull();
  expect(screen.queryByRole('radio', { name: /Admin/ })).toBeNull();
  expect(screen.getByRole('radio', { name: /Editor/ })).toBeDefined();
});

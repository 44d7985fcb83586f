import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Account } from '@/api/account';
import type { Member } from '@/api/members';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { MembersPage } from './members-page';

const ANN: Member = {
  id: '01900000-0000-7000-8000-000000000001',
  kind: 'person',
  name: 'Ann',
  email: 'ann@example.org',
  role: 'admin',
  grants: [],
  created_at: '2026-11-29T20:00:00Z',
  disabled_at: null,
};
const BOB: Member = { ...ANN, id: '01900000-0000-7000-8000-000000000002', name: 'Bob', email: 'bob@example.org' };
const ACCOUNT: Account = {
  ...ANN,
  is_local: false,
  permissions: ['manage_members'],
  has_password: true,
  providers: [],
};
const LINK = { id: BOB.id, url: 'https://flows.example/join/abc', expires_at: '2026-12-06T20:00:00Z' };

const rowOf = (name: string) =>
  screen.getAllByRole('listitem').find((row) => within(row).queryByText(name)) as HTMLElement;

test('members are shown with their roles, and the last admin stays with a reason', async () => {
  fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/members': () => [ANN, { ...BOB, disabled_at: '2026-11-29T21:00:00Z' }],
    'GET /studio/invitations': () => [],
    [`PATCH /studio/members/${ANN.id}`]: () => problem(409, 'last-admin', 'This is the last admin.'),
  });
  const user = userEvent.setup();
  await renderScreen(<MembersPage />);

  await screen.findByText('bob@example.org');
  expect(within(rowOf('Ann')).getByText('You')).toBeDefined();
  expect(within(rowOf('Bob')).getByText('Disabled')).toBeDefined();
  await user.click(within(rowOf('Ann')).getByRole('button', { name: 'Disable' }));

  expect((await screen.findByRole('alert')).textContent).toContain('This is the last admin.');
});

test('an invitation is a link that is shown once', async () => {
  const asked = fakeApi({
    'GET /studio/account': () => ACCOUNT,
    'GET /studio/members': () => [ANN],
    'GET /studio/invitations': () => [],
    'POST /studio/invitations': () => LINK,
    'GET /studio/flows': () => [],
  });
  const user = userEvent.setup();
  await renderScreen(<MembersPage />);

  await user.click(await screen.findByRole('button', { name: 'Invite' }));
  await user.type(await screen.findByLabelText('E-mail address'), 'bob@example.org');
  await user.click(screen.getByRole('radio', { name: /Editor/ }));
  await user.click(screen.getByRole('button', { name: 'Add a folder' }));
  await user.type(screen.getByRole('combobox', { name: 'Folder' }), 'billing');
  await user.click(screen.getByRole('button', { name: 'Make link' }));

  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Link').value).toBe(LINK.url));
  const made = asked.find(({ method }) => method === 'POST');
  expect(made?.body).toEqual({
    role: 'editor',
    email: 'bob@example.org',
    grants: [{ folder: 'billing', role: 'viewer' }],
  });
});

test('who may not manage members is told so, and nothing is asked for', async () => {
  const asked = fakeApi({ 'GET /studio/account': () => ({ ...ACCOUNT, role: 'viewer', permissions: [] }) });
  await renderScreen(<MembersPage />);

  expect(await screen.findByText('Only admins see who the members are')).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Invite' })).toBeNull();
  expect(asked.map(({ path }) => path)).toEqual(['/studio/account']);
});

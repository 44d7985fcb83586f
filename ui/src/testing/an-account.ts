import type { Account } from '@/api/account';

/** An admin who has signed in. */
export const ACCOUNT: Account = {
  is_local: false,
  id: '01900000-0000-7000-8000-000000000001',
  kind: 'person',
  name: 'Ann',
  email: 'ann@example.org',
  role: 'admin',
  grants: [],
  permissions: [
    'manage_members',
    'manage_keys',
    'view_secrets',
    'manage_secrets',
    'read_audit',
    'edit_flows',
    'run_flows',
  ],
  has_password: true,
  providers: [],
};

/** What the server says where nobody signs in. */
export const LOCAL: Account = {
  ...ACCOUNT,
  is_local: true,
  id: null,
  kind: null,
  name: null,
  email: null,
  has_password: false,
};

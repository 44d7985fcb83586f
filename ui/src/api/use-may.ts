import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { own } from '@/lib/own';
import { texts } from '@/lib/texts';
import { type Account, accountQuery } from './account';

/** The least role for each permission, as the reference of access has it. The server decides; this only says why. */
export const LEAST_ROLES = {
  view_sensitive: 'admin',
  run_flows: 'operator',
  control_executions: 'operator',
  decide: 'operator',
  edit_flows: 'editor',
  edit_agents: 'editor',
  edit_alerts: 'editor',
  view_secrets: 'editor',
  manage_secrets: 'admin',
  manage_keys: 'admin',
  manage_members: 'admin',
  read_audit: 'admin',
  kill_engine: 'admin',
} as const;

export type Permission = keyof typeof LEAST_ROLES;

/** What is about flows: a role in a folder allows it there. */
const OF_FLOWS: readonly Permission[] = ['run_flows', 'control_executions', 'decide', 'edit_flows'];
const ROLES: readonly string[] = ['none', 'viewer', 'operator', 'editor', 'admin'];

/** The folder of the flow that is shown; `null` at the top, `undefined` where it is about no flow, or not known. */
const FolderContext = createContext<string | null | undefined>(undefined);
export const InFolder = FolderContext.Provider;

/** The role that somebody has for the flows of a folder. */
function roleIn(account: Account, folder: string | null | undefined): string {
  return largest(
    account,
    account.grants.filter((grant) => `${folder ?? ''}/`.startsWith(`${grant.folder}/`)),
  );
}

/** The largest role that somebody has anywhere. */
export function largestRole(account: Account): string {
  return largest(account, account.grants);
}

function largest(account: Account, grants: Account['grants']): string {
  const all = [account.role, ...grants.map(({ role }) => role)];
  return all.reduce((most, role) => (ROLES.indexOf(role) > ROLES.indexOf(most) ? role : most));
}

export interface May {
  /** Whether it is allowed, or may be: the server has not said yet. */
  may: boolean;
  /** Whether the server has said so. */
  isKnown: boolean;
  /** Why it is not allowed; `null` where it is. */
  why: string | null;
}

/** Whether somebody may do something for the flows of a folder, which is `null` at the top. */
export function isAllowedIn(account: Account, permission: Permission, folder: string | null | undefined): boolean {
  return isAllowed(account, permission, roleIn(account, folder));
}

function isAllowed(account: Account, permission: Permission, role: string): boolean {
  if (account.permissions.includes(permission)) return true;
  if (!OF_FLOWS.includes(permission)) return false;
  return role !== account.role && ROLES.indexOf(role) >= ROLES.indexOf(LEAST_ROLES[permission]);
}

/**
 * Whether who uses the studio may do something, and why not. What is not allowed is disabled and says so.
 *
 * `null` is what everybody may: nothing is asked then, and nobody has to sign in. What is done to flows of several folders
 * is allowed `anywhere`, if it is in one of them; the server decides about each.
 */
export function useMay(permission: Permission | null, where: 'here' | 'anywhere' = 'here'): May {
  const { data: account, isError } = useQuery({ ...accountQuery(), enabled: permission !== null });
  const folder = useContext(FolderContext);
  if (permission === null) return { may: true, isKnown: true, why: null };
  if (!account) return { may: true, isKnown: isError, why: null };
  const role = where === 'anywhere' ? largestRole(account) : roleIn(account, folder);
  if (isAllowed(account, permission, role)) return { may: true, isKnown: true, why: null };
  const roles = texts.account.roles;
  const needed = roles[LEAST_ROLES[permission]];
  const has = OF_FLOWS.includes(permission) ? role : account.role;
  return { may: false, isKnown: true, why: texts.account.notAllowed(needed, own(roles, has) ?? has) };
}

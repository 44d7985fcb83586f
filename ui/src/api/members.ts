/** Calls about the members of a tenant, and about invitations. */
import { queryOptions } from '@tanstack/react-query';
import { call, everyRow } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A person, or the service account of a program. */
export type Member = Schemas['Member'];
/** An invitation that nobody has accepted yet. */
export type OpenInvitation = Schemas['Invitation'];
/** A role in a folder of flows, beside the one in the tenant. */
export type Grant = Schemas['NewGrant'];
export type LinkToJoin = Schemas['LinkToJoin'];

/** Rows of a page, and pages of a list that is shown whole. */
const PAGE = 500;
const PAGES_MAX = 10;

/** All members. */
export const membersQuery = () => queryOptions({ queryKey: ['members'], queryFn: ({ signal }) => listMembers(signal) });

async function listMembers(signal: AbortSignal): Promise<Listed<Member>> {
  const page = (cursor: string | null) => call('GET', '/studio/members', { query: { limit: PAGE, cursor }, signal });
  return parted<Member, Damaged>(await everyRow(page, PAGES_MAX));
}

export async function changeMember(id: string, body: Schemas['MemberPatch']): Promise<Member> {
  return (await call('PATCH', '/studio/members/{id}', { path: { id }, body })).data;
}

export async function deleteMember(id: string): Promise<void> {
  await call('DELETE', '/studio/members/{id}', { path: { id } });
}

export async function makePasswordLink(id: string): Promise<LinkToJoin> {
  return (await call('POST', '/studio/members/{id}/password-link', { path: { id } })).data;
}

export async function listInvitations(signal: AbortSignal): Promise<Listed<OpenInvitation>> {
  return parted<OpenInvitation, Damaged>((await call('GET', '/studio/invitations', { signal })).data);
}

export async function invite(body: Schemas['NewInvitation']): Promise<LinkToJoin> {
  return (await call('POST', '/studio/invitations', { body })).data;
}

export async function withdrawInvitation(id: string): Promise<void> {
  await call('DELETE', '/studio/invitations/{id}', { path: { id } });
}

/** Calls about who uses the studio: signing in and out, joining, and one's own account. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components } from './schema';

type Schemas = components['schemas'];

/** Who asks, and what they may do. */
export type Account = Schemas['Account'];
/** Where somebody is signed in. */
export type SignedInBrowser = Schemas['SignedInBrowser'];
/** What a link to join with is about. */
export type Invitation = Schemas['InvitationToYou'];
/** How people sign in. */
export type SignInWays = Schemas['SignInWays'];
/** A provider at which people sign in. */
export type Provider = Schemas['SignInProvider'];
/** A passkey. */
export type Passkey = Schemas['Passkey'];
/** What a provider has sent somebody back with. */
export type ProviderAnswer = Schemas['ProviderAnswer'];
/** Who accepts an invitation. */
export type NewMember = Schemas['NewMember'];

export const accountQuery = () =>
  queryOptions({
    queryKey: ['account'],
    queryFn: async ({ signal }) => (await call('GET', '/studio/account', { signal })).data,
    staleTime: 60_000,
  });

export async function signIn(body: Schemas['SignIn']): Promise<void> {
  await call('POST', '/session', { body });
}

/** How people sign in here. */
export const signInWaysQuery = () =>
  queryOptions({
    queryKey: ['sign-in-ways'],
    queryFn: async ({ signal }) => (await call('GET', '/session', { signal })).data,
    staleTime: 60_000,
    retry: false,
  });

/** Returns the page of a provider where somebody signs in; with the token of an invitation, they accept it so. */
export async function beginAtProvider(provider: string, body: Schemas['NewProviderSignIn']): Promise<string> {
  return (await call('POST', '/session/oidc/{provider}', { path: { provider }, body })).data.url;
}

/** Signs somebody in who comes back from a provider, and returns the page to show. */
export async function finishAtProvider(provider: string, body: ProviderAnswer): Promise<string> {
  return (await call('POST', '/session/oidc/{provider}/answer', { path: { provider }, body })).data.return_to;
}

/** Returns what a device is asked with to sign in. */
export async function askPasskey(): Promise<Schemas['PasskeyRequest']> {
  return (await call('POST', '/session/passkey')).data;
}

export async function signInWithPasskey(body: Schemas['SignedByPasskey']): Promise<void> {
  await call('POST', '/session/passkey/answer', { body });
}

export async function listPasskeys(signal: AbortSignal): Promise<Listed<Passkey>> {
  return parted<Passkey, Damaged>((await call('GET', '/studio/account/passkeys', { signal })).data);
}

/** Returns what a device is asked with for a new passkey. */
export async function askNewPasskey(body: Schemas['NewPasskeyAsker']): Promise<Schemas['NewPasskeyRequest']> {
  return (await call('POST', '/studio/account/passkeys', { body })).data;
}

export async function addPasskey(body: Schemas['MadePasskey']): Promise<void> {
  await call('POST', '/studio/account/passkeys/answer', { body });
}

export async function deletePasskey(id: string): Promise<void> {
  await call('DELETE', '/studio/account/passkeys/{id}', { path: { id } });
}

export async function signOut(): Promise<void> {
  await call('POST', '/studio/account/sign-out');
}

export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: async ({ signal }) => (await call('GET', '/invitations/{token}', { path: { token }, signal })).data,
    retry: false,
  });

export async function join(token: string, body: NewMember): Promise<void> {
  await call('POST', '/invitations/{token}', { path: { token }, body });
}

export async function renameAccount(name: string): Promise<Account> {
  return (await call('PATCH', '/studio/account', { body: { name } })).data;
}

export async function changePassword(body: Schemas['NewPassword']): Promise<void> {
  await call('POST', '/studio/account/password', { body });
}

export async function listSignIns(signal: AbortSignal): Promise<Listed<SignedInBrowser>> {
  return parted<SignedInBrowser, Damaged>((await call('GET', '/studio/account/sign-ins', { signal })).data);
}

/** Ends one sign-in or, without an id, all others. */
export async function endSignIn(id: string | null): Promise<void> {
  if (id === null) await call('DELETE', '/studio/account/sign-ins');
  else await call('DELETE', '/studio/account/sign-ins/{id}', { path: { id } });
}

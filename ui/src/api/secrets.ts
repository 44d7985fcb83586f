/** Calls about secrets: their names and hosts, and never their values. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A secret that there is. */
export type Secret = Schemas['Secret'];
/** What a secret becomes. */
export type SecretInput = Schemas['SecretInput'];
/** How an access token is obtained that is the value of a secret. */
export type OauthInput = Schemas['OauthInput'];
export type OauthSecret = Schemas['OauthSecret'];
/** Something that uses secrets. */
export type SecretUses = Schemas['SecretUses'];

export const secretsQuery = () =>
  queryOptions({
    queryKey: ['secrets'],
    queryFn: async ({ signal }) => (await call('GET', '/studio/secrets', { signal })).data,
  });

/** What uses secrets, of all flows, agents and alerts. */
export const secretUsesQuery = () =>
  queryOptions({
    queryKey: ['secrets', 'uses'],
    queryFn: async ({ signal }) => (await call('GET', '/studio/secret-uses', { signal })).data,
  });

export async function putSecret(name: string, body: SecretInput): Promise<Secret> {
  return (await call('PUT', '/studio/secrets/{name}', { path: { name }, body })).data;
}

export async function deleteSecret(name: string): Promise<void> {
  await call('DELETE', '/studio/secrets/{name}', { path: { name } });
}

/** Begins to connect a secret: the answer has the page of the provider. */
export async function authorizeSecret(name: string): Promise<Schemas['OauthAuthorization']> {
  return (await call('POST', '/studio/secrets/{name}/authorize', { path: { name } })).data;
}

/** Calls about secrets: their names and hosts, and never their values. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A secret that there is. */
export type Secret = Schemas['Secret'];
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

export async function putSecret(name: string, body: Schemas['SecretInput']): Promise<Secret> {
  return (await call('PUT', '/studio/secrets/{name}', { path: { name }, body })).data;
}

export async function deleteSecret(name: string): Promise<void> {
  await call('DELETE', '/studio/secrets/{name}', { path: { name } });
}

/** Calls about API keys: one's own, and those of everybody. */
import { queryOptions } from '@tanstack/react-query';
import { call, everyRow } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A key, without what makes it one. */
export type ApiKey = Schemas['ApiKey'];
/** A key that was just made, which is shown this once. */
export type NewApiKey = Schemas['NewApiKey'];
/** A key to be made for oneself. */
export type OwnKeyInput = Schemas['OwnKeyInput'];

const PAGE = 500;
const PAGES_MAX = 10;

/** One's own keys, or those of everybody, newest first. */
export const keysQuery = (whose: 'own' | 'all') =>
  queryOptions({
    queryKey: ['keys', whose],
    queryFn: ({ signal }): Promise<Listed<ApiKey>> => (whose === 'own' ? listOwn(signal) : listAll(signal)),
  });

async function listOwn(signal: AbortSignal): Promise<Listed<ApiKey>> {
  return parted<ApiKey, Damaged>((await call('GET', '/studio/account/keys', { signal })).data);
}

async function listAll(signal: AbortSignal): Promise<Listed<ApiKey>> {
  const page = (cursor: string | null) => call('GET', '/studio/keys', { query: { limit: PAGE, cursor }, signal });
  return parted<ApiKey, Damaged>(await everyRow(page, PAGES_MAX));
}

/** Makes a key for oneself or, with the name of one, for a service account. */
export async function createKey(input: OwnKeyInput, account: string | null): Promise<NewApiKey> {
  if (account === null) return (await call('POST', '/studio/account/keys', { body: input })).data;
  return (await call('POST', '/studio/keys', { body: { ...input, account } })).data;
}

export async function deleteKey(id: string, whose: 'own' | 'all'): Promise<void> {
  if (whose === 'own') await call('DELETE', '/studio/account/keys/{id}', { path: { id } });
  else await call('DELETE', '/studio/keys/{id}', { path: { id } });
}

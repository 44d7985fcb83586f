import { type RawSearch, textIn } from '@/lib/search-params';

export interface SecretsSearch {
  /** The name of the secret that is to be set. */
  set?: string | undefined;
  /** What came of an authorization: where a provider leads back to. */
  authorization?: string | undefined;
  /** The name of the secret that it was for. */
  name?: string | undefined;
}

export function readSecretsSearch(search: RawSearch): SecretsSearch {
  const text = (key: string) => textIn(search, key)?.slice(0, 100);
  return { set: text('set'), authorization: text('authorization'), name: text('name') };
}

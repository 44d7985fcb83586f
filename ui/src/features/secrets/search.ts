import { type RawSearch, textIn } from '@/lib/search-params';

export interface SecretsSearch {
  /** The name of the secret that is to be set. */
  set?: string | undefined;
}

export function readSecretsSearch(search: RawSearch): SecretsSearch {
  return { set: textIn(search, 'set')?.slice(0, 100) };
}

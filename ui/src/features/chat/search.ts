import { type RawSearch, textIn } from '@/lib/search-params';

/** Which conversation is shown; without one, a new one. */
export function readChatSearch(search: RawSearch): { c?: string | undefined } {
  return { c: textIn(search, 'c') };
}

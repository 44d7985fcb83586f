import { flagIn, oneOf, type RawSearch, textIn } from '@/lib/search-params';

export const SORTS = ['expiry', 'oldest', 'newest'] as const;
export type Sort = (typeof SORTS)[number];

/** What the inbox shows, as in the address. */
export interface InboxSearch {
  /** The approval that is open. */
  id?: string | undefined;
  flow?: string | undefined;
  agent?: string | undefined;
  tool?: string | undefined;
  /** Only what expires within the hour. */
  soon?: boolean | undefined;
  /** By expiry when absent. */
  sort?: Sort | undefined;
}

export function readInboxSearch(search: RawSearch): InboxSearch {
  return {
    id: textIn(search, 'id'),
    flow: textIn(search, 'flow'),
    agent: textIn(search, 'agent'),
    tool: textIn(search, 'tool'),
    soon: flagIn(search, 'soon') || undefined,
    sort: oneOf(search, 'sort', SORTS),
  };
}

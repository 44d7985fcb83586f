import { type RawSearch, textIn } from '@/lib/search-params';

export interface ReferenceSearch {
  /** The operation that is shown, such as `create_flow`; the overview when absent. */
  operation?: string | undefined;
  q?: string | undefined;
}

export function readReferenceSearch(search: RawSearch): ReferenceSearch {
  return { operation: textIn(search, 'operation'), q: textIn(search, 'q') };
}

import { oneOf, type RawSearch, textIn } from '@/lib/search-params';

const TABS = ['timeline', 'data', 'events'] as const;
type Tab = (typeof TABS)[number];

/** Which node and tab of an execution are shown. */
export interface ExecutionSearch {
  node?: string | undefined;
  tab?: Tab | undefined;
}

export function readExecutionSearch(search: RawSearch): ExecutionSearch {
  return { node: textIn(search, 'node'), tab: oneOf(search, 'tab', TABS) };
}

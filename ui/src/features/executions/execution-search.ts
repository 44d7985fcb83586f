import { EXECUTION_STATUSES } from '@/components/status';
import { oneOf, type RawSearch, textIn } from '@/lib/search-params';
import type { Look } from './detail/look';

const TABS = ['timeline', 'data', 'events'] as const;

export function readExecutionSearch(search: RawSearch): Look {
  return {
    node: textIn(search, 'node'),
    tab: oneOf(search, 'tab', TABS),
    children: oneOf(search, 'children', EXECUTION_STATUSES),
  };
}

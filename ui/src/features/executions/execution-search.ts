import { EXECUTION_STATUSES } from '@/components/status';
import { oneOf, type RawSearch, textIn } from '@/lib/search-params';
import type { Look } from './detail/look';

const TABS = ['timeline', 'data', 'events'] as const;

function numberIn(search: RawSearch, name: string): number | undefined {
  const number = Number(textIn(search, name));
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

export function readExecutionSearch(search: RawSearch): Look {
  return {
    node: textIn(search, 'node'),
    tab: oneOf(search, 'tab', TABS),
    children: oneOf(search, 'children', EXECUTION_STATUSES),
    attempt: numberIn(search, 'attempt'),
    step: numberIn(search, 'step'),
  };
}

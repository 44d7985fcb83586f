import { PERIOD_VALUES, type Period } from '@/lib/periods';
import { compact, oneOf, type RawSearch, textIn } from '@/lib/search-params';

export interface FailuresSearch {
  flow?: string | undefined;
  /** All time when absent. */
  period?: Period | undefined;
}

export function readFailuresSearch(search: RawSearch): FailuresSearch {
  return compact({ flow: textIn(search, 'flow'), period: oneOf(search, 'period', PERIOD_VALUES) });
}

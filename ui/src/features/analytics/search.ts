import { PERIOD_VALUES, type Period } from '@/lib/periods';
import { compact, oneOf, type RawSearch, textIn } from '@/lib/search-params';

export interface AnalyticsSearch {
  flow?: string | undefined;
  /** The last 24 hours when absent. */
  period?: Period | undefined;
}

export function readAnalyticsSearch(search: RawSearch): AnalyticsSearch {
  return compact({ flow: textIn(search, 'flow'), period: oneOf(search, 'period', PERIOD_VALUES) });
}

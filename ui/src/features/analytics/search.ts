import type { Period } from '@/lib/periods';
import { oneOf, type RawSearch, textIn } from '@/lib/search-params';
import { SPAN_PERIODS } from './span';

export interface AnalyticsSearch {
  flow?: string | undefined;
  /** The last 24 hours when absent. */
  period?: Period | undefined;
}

export function readAnalyticsSearch(search: RawSearch): AnalyticsSearch {
  return { flow: textIn(search, 'flow'), period: oneOf(search, 'period', SPAN_PERIODS) };
}

import type { Period } from '@/lib/periods';
import { dayIn, oneOf, type RawSearch, textIn } from '@/lib/search-params';
import { SPAN_PERIODS } from './span';

export interface AnalyticsSearch {
  flow?: string | undefined;
  /** The last 24 hours when absent. */
  period?: Period | undefined;
  /** The first day of the period to compare with; that before when absent. */
  compare?: string | undefined;
  /** Its last day; as long as the report's when absent. */
  compare_to?: string | undefined;
  /** The versions of the flow that stand side by side; the two newest when absent. */
  version?: string | undefined;
  against?: string | undefined;
}

export function readAnalyticsSearch(search: RawSearch): AnalyticsSearch {
  const period = oneOf(search, 'period', SPAN_PERIODS);
  return {
    flow: textIn(search, 'flow'),
    period,
    compare: dayIn(search, 'compare'),
    compare_to: dayIn(search, 'compare_to'),
    version: textIn(search, 'version'),
    against: textIn(search, 'against'),
  };
}

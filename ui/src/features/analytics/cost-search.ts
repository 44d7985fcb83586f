import type { Period } from '@/lib/periods';
import { dayIn, oneOf, type RawSearch, textIn } from '@/lib/search-params';
import { DAY_PERIODS } from './cost-shape';

export interface CostsSearch {
  flow?: string | undefined;
  /** The last 30 days when absent. */
  period?: Period | undefined;
  /** The currency of the chart; that of the highest cost when absent. */
  currency?: string | undefined;
  /** The first day of the period to compare with; that before when absent. */
  compare?: string | undefined;
  /** Its last day; as long as the report's when absent. */
  compare_to?: string | undefined;
}

export function readCostsSearch(search: RawSearch): CostsSearch {
  return {
    flow: textIn(search, 'flow'),
    period: oneOf(search, 'period', DAY_PERIODS),
    currency: textIn(search, 'currency'),
    compare: dayIn(search, 'compare'),
    compare_to: dayIn(search, 'compare_to'),
  };
}

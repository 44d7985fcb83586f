import { PERIOD_VALUES, type Period } from '@/lib/periods';
import { oneOf, type RawSearch, textIn } from '@/lib/search-params';
import { ORDERS, type Order } from './order';

export interface FailuresSearch {
  flow?: string | undefined;
  /** All time when absent. */
  period?: Period | undefined;
  /** By count when absent. */
  sort?: Order | undefined;
}

export function readFailuresSearch(search: RawSearch): FailuresSearch {
  return {
    flow: textIn(search, 'flow'),
    period: oneOf(search, 'period', PERIOD_VALUES),
    sort: oneOf(search, 'sort', ORDERS),
  };
}

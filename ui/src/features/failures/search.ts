import { PERIOD_VALUES, type Period } from '@/lib/periods';
import { flagIn, oneOf, type RawSearch, textIn } from '@/lib/search-params';
import { ORDERS, type Order } from './order';

export interface FailuresSearch {
  flow?: string | undefined;
  /** All time when absent. */
  period?: Period | undefined;
  /** By count when absent. */
  sort?: Order | undefined;
  /** The open groups when absent. */
  state?: ShownState | undefined;
  /** Only those that are assigned to who looks. */
  mine?: boolean | undefined;
}

export const SHOWN_STATES = ['open', 'muted', 'resolved'] as const;
export type ShownState = (typeof SHOWN_STATES)[number];

export function readFailuresSearch(search: RawSearch): FailuresSearch {
  return {
    flow: textIn(search, 'flow'),
    period: oneOf(search, 'period', PERIOD_VALUES),
    sort: oneOf(search, 'sort', ORDERS),
    state: oneOf(search, 'state', SHOWN_STATES),
    mine: flagIn(search, 'mine') || undefined,
  };
}

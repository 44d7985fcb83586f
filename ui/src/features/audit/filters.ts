/** The filters of the log, as in the address and as the API expects them. */
import type { AuditFilter } from '@/api/audit';
import { PERIOD_VALUES, type Period, periodStart } from '@/lib/periods';
import { oneOf, type RawSearch, textIn } from '@/lib/search-params';

export interface AuditSearch {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  period?: Period | undefined;
}

export function readAuditSearch(search: RawSearch): AuditSearch {
  const short = (name: string) => textIn(search, name)?.slice(0, 200);
  return {
    actor: short('actor'),
    action: short('action'),
    target: short('target'),
    period: oneOf(search, 'period', PERIOD_VALUES),
  };
}

export function toApiFilter({ actor, action, target, period }: AuditSearch, now: number): AuditFilter {
  return { actor, action, target, since: periodStart(period, now) };
}

export function hasFilters(search: AuditSearch): boolean {
  return Object.values(search).some((value) => value !== undefined);
}

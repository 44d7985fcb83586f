/** The filters of the executions list, as in the address and as the API expects them. */
import type { ExecutionFilter } from '@/api/executions';
import type { ErrorClass, ExecutionStatus } from '@/api/types';
import { ERROR_CLASS_NAMES } from '@/components/error-classes';
import { EXECUTION_STATUSES } from '@/components/status';
import { PERIOD_VALUES, type Period, periodStart } from '@/lib/periods';
import { flagIn, oneOf, type RawSearch, someOf, textIn } from '@/lib/search-params';

export interface Filters {
  status?: ExecutionStatus[] | undefined;
  /** Only executions in backoff. */
  retrying?: boolean | undefined;
  /** Only executions that wait for a person's decision. */
  waiting?: boolean | undefined;
  flow?: string | undefined;
  period?: Period | undefined;
  /** Accepted at or after, and before: a range in place of a period. */
  from?: string | undefined;
  to?: string | undefined;
  /** The node whose failure ended it. */
  node?: string | undefined;
  /** Exactly this reference. */
  context?: string | undefined;
  error?: ErrorClass | undefined;
  fingerprint?: string | undefined;
  q?: string | undefined;
}

/** Reads an address; invalid values count as absent. */
export function readFilters(search: RawSearch): Filters {
  return {
    status: someOf(search, 'status', EXECUTION_STATUSES),
    retrying: flagIn(search, 'retrying') || undefined,
    waiting: flagIn(search, 'waiting') || undefined,
    flow: textIn(search, 'flow'),
    period: oneOf(search, 'period', PERIOD_VALUES),
    from: momentIn(search, 'from'),
    to: momentIn(search, 'to'),
    node: textIn(search, 'node')?.slice(0, 200),
    context: textIn(search, 'context')?.slice(0, 200),
    error: oneOf(search, 'error', ERROR_CLASS_NAMES),
    fingerprint: textIn(search, 'fingerprint'),
    q: textIn(search, 'q')?.slice(0, 200),
  };
}

/** Reads a moment; what is none counts as absent. */
function momentIn(search: RawSearch, name: string): string | undefined {
  const text = textIn(search, name);
  return text && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

/** Converts the filters for the API. */
export function toApiFilter(filters: Filters, now: number): ExecutionFilter {
  return {
    status: filters.status,
    retrying: filters.retrying,
    waiting_for: filters.waiting ? 'decision' : undefined,
    flow_id: filters.flow,
    error_class: filters.error,
    fingerprint: filters.fingerprint,
    start_date: filters.from ?? periodStart(filters.period, now),
    end_date: filters.to,
    node: filters.node,
    context_id: filters.context,
    q: filters.q,
    roots: showsChildren(filters) ? false : undefined,
  };
}

/** Whether child executions are listed: they wait and fail for reasons of their own. */
export function showsChildren(filters: Filters): boolean {
  return filters.waiting === true || filters.fingerprint !== undefined;
}

export function hasFilters(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== undefined);
}

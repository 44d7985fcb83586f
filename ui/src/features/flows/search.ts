import type { FlowStatus } from '@/api/types';
import { compact, oneOf, type RawSearch, textIn } from '@/lib/search-params';

export const FLOW_STATUSES: readonly FlowStatus[] = ['draft', 'active', 'paused', 'archived'];
export const FLOW_VIEWS = ['cards', 'table'] as const;

export interface FlowsSearch {
  q?: string | undefined;
  /** Everything but archived ones when absent. */
  status?: FlowStatus | undefined;
  tag?: string | undefined;
  view?: (typeof FLOW_VIEWS)[number] | undefined;
}

export function readFlowsSearch(search: RawSearch): FlowsSearch {
  return compact({
    q: textIn(search, 'q'),
    status: oneOf(search, 'status', FLOW_STATUSES),
    tag: textIn(search, 'tag'),
    view: oneOf(search, 'view', FLOW_VIEWS),
  });
}

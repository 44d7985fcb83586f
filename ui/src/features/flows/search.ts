import type { FlowStatus } from '@/api/types';
import { flagIn, oneOf, type RawSearch, textIn } from '@/lib/search-params';

const FLOW_STATUSES: readonly FlowStatus[] = ['draft', 'active', 'paused', 'archived'];
const FLOW_VIEWS = ['cards', 'table'] as const;
type FlowView = (typeof FLOW_VIEWS)[number];

export interface FlowsSearch {
  q?: string | undefined;
  /** All but archived flows when absent. */
  status?: FlowStatus | undefined;
  tag?: string | undefined;
  /** The top when absent. */
  folder?: string | undefined;
  /** Only templates. */
  templates?: boolean | undefined;
  /** Cards when absent. */
  view?: FlowView | undefined;
}

export interface FlowSearch {
  /** Opens the form that runs the flow. */
  run?: boolean | undefined;
  /** Compares two versions on the canvas: `3-5`. */
  compare?: string | undefined;
}

export function readFlowSearch(search: RawSearch): FlowSearch {
  return { run: flagIn(search, 'run') || undefined, compare: textIn(search, 'compare') };
}

export function readFlowsSearch(search: RawSearch): FlowsSearch {
  return {
    q: textIn(search, 'q'),
    status: oneOf(search, 'status', FLOW_STATUSES),
    tag: textIn(search, 'tag'),
    folder: textIn(search, 'folder'),
    templates: flagIn(search, 'templates') || undefined,
    view: oneOf(search, 'view', FLOW_VIEWS),
  };
}

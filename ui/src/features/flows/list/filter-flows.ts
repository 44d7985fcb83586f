/** Filters the list of flows. All flows are loaded, so this needs no server. */
import type { Flow, FlowStatus } from '@/api/types';
import { isWithin } from './folders';

export interface FlowFilters {
  q?: string | undefined;
  status?: FlowStatus | undefined;
  tag?: string | undefined;
  templates?: boolean | undefined;
  folder?: string | undefined;
}

/**
 * Returns the matching flows in their order; archived ones only on request.
 *
 * Without a filter, those of the folder itself; with one, what is below it as well.
 */
export function fittingFlows(flows: readonly Flow[], filters: FlowFilters): Flow[] {
  const words = (filters.q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const isSearch = hasFilters(filters);
  return flows.filter((flow) => {
    if (isSearch ? !isWithin(flow, filters.folder) : (flow.folder ?? undefined) !== filters.folder) return false;
    if (filters.status ? flow.status !== filters.status : flow.status === 'archived') return false;
    if (filters.tag && !flow.tags.includes(filters.tag)) return false;
    if (filters.templates && !flow.is_template) return false;
    const text = [flow.name, flow.description, flow.category ?? '', flow.folder ?? '', flow.id, ...flow.tags]
      .join('\n')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function hasFilters({ q, status, tag, templates }: FlowFilters): boolean {
  return [q, status, tag, templates].some((value) => value !== undefined);
}

/** Returns the number of flows by status. */
export function countByStatus(flows: readonly Flow[]): Record<FlowStatus, number> {
  const counts: Record<FlowStatus, number> = { draft: 0, active: 0, paused: 0, archived: 0 };
  for (const { status } of flows) counts[status] += 1;
  return counts;
}

/** Returns every tag, the most used first. */
export function tagsOf(flows: readonly Flow[]): string[] {
  const counts = new Map<string, number>();
  for (const tag of flows.flatMap((flow) => flow.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([tag]) => tag);
}

/** How executions that a node started are named and counted. All functions are pure. */

import type { ChildCounts, ExecutionRow } from '@/api/types';
import { formatNumber } from '@/lib/locale';
import { texts } from './texts';

type Child = Pick<ExecutionRow, 'index' | 'flow_name'>;

/** Returns the name of an execution that a node of this type started: its item, its iteration or its flow. */
export function childNameOf(nodeType: string, { index, flow_name }: Child): string {
  if (nodeType === 'map') return texts.children.item(index ?? 0);
  return nodeType === 'loop' ? texts.children.iteration(index ?? 0) : (flow_name ?? texts.children.subflow);
}

/** Returns the counts in words: `98 completed, 2 failed of 100`. */
export function summaryOf({ items, reused, total, completed, failed, running, cancelled }: ChildCounts): string {
  const named = { reused, completed, failed, running, cancelled };
  const counts = Object.entries(named).flatMap(([name, count]) => (count > 0 ? [`${format(count)} ${name}`] : []));
  const known = counts.join(', ');
  // Later attempts start some items again, so there can be more executions than items.
  const all = items ?? total + reused;
  return total + reused > 1 || all > 1 ? texts.children.of(known, format(all)) : known;
}

function format(count: number): string {
  return formatNumber(count);
}

import type { RetriedMany } from '@/api/executions';

/** Why executions are left out, and how many for each reason; the largest first. */
export function reasonsOf({ items }: RetriedMany): { reason: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { skipped } of items) {
    if (skipped) counts.set(skipped, (counts.get(skipped) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

import type { RetriedMany } from '@/api/executions';

/** Where a reason names the execution that one was retried as. */
const NEWER = /, as ([0-9a-f-]{36})/;

/** Why executions are left out, and how many for each reason; the largest first. */
export function reasonsOf({ items }: Pick<RetriedMany, 'items'>): { reason: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { skipped } of items) {
    const reason = skipped?.replace(NEWER, '');
    if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

/** One that was left out, and the execution that it was retried as, where that is why. */
export interface Skipped {
  id: string;
  reason: string;
  newer: string | undefined;
}

export function skippedOf({ items }: Pick<RetriedMany, 'items'>): Skipped[] {
  return items.flatMap(({ execution_id, skipped }) =>
    skipped ? { id: execution_id, reason: skipped.replace(NEWER, ''), newer: NEWER.exec(skipped)?.[1] } : [],
  );
}

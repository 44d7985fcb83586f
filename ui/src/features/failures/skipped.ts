import type { RetriedMany } from '@/api/executions';

/** The part of a reason that names the retry. */
const NEWER = /, as ([0-9a-f-]{36})/;

/** Returns the reasons why executions are skipped, with their counts, the most frequent first. */
export function reasonsOf({ items }: Pick<RetriedMany, 'items'>): { reason: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { skipped } of items) {
    const reason = skipped?.replace(NEWER, '');
    if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

/** A skipped execution, and its retry if that is the reason. */
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

/** Whether there is nothing to retry because every execution was already retried. */
export function wereAllRetried(result: Pick<RetriedMany, 'items'>): boolean {
  return result.items.length > 0 && skippedOf(result).filter(({ newer }) => newer).length === result.items.length;
}

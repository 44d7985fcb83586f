/** Queries of the settings dialog, and saving without overwriting changes from elsewhere. */
import { queryOptions } from '@tanstack/react-query';
import { getFlow, patchFlow } from '@/api/flows';
import { Problem } from '@/api/problem';
import { getRetryAnalytics, type RetryCounts } from '@/api/reports';
import type { Flow } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import { collisions, differences, patchOf, type SettingKey, type SettingValues, valuesOf } from './setting-values';

/** Outcomes of the executions of a flow. */
export type RetryTotals = Pick<RetryCounts, 'executions' | 'first_try' | 'recovered' | 'exhausted' | 'timed_out'>;

/** The outcomes of the last seven days. */
export const historyQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['analytics', 'flow', flowId, '7d'],
    queryFn: async ({ signal }): Promise<RetryTotals> => {
      const scope = { flow_id: flowId, from: periodStart('7d', serverNow()), bucket: 'day' } as const;
      return (await getRetryAnalytics(scope, signal)).totals;
    },
    staleTime: 30_000,
  });

export class SettingsConflict extends Error {
  constructor(
    /** The flow as it was saved elsewhere. */
    readonly flow: Flow,
    /** The settings that both sides changed, to different values. */
    readonly keys: readonly SettingKey[],
  ) {
    super('The settings were changed elsewhere.');
  }
}

/**
 * Sends the differences between `base` and `mine`, and returns the resulting flow.
 *
 * Throws a `SettingsConflict` when the same settings were changed elsewhere since `base` was read.
 */
export async function saveSettings(id: string, base: SettingValues, mine: SettingValues): Promise<Flow> {
  const keys = differences(base, mine);
  const current = await getFlow(id);
  const clashes = collisions(base, mine, valuesOf(current));
  if (clashes.length > 0) throw new SettingsConflict(current, clashes);
  try {
    return await patchFlow(id, patchOf(mine, keys), current.etag);
  } catch (error) {
    if (error instanceof Problem && error.isConflict) throw new SettingsConflict(await getFlow(id), keys);
    throw error;
  }
}

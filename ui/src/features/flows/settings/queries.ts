/** What the settings dialog asks, and how it saves without overwriting what somebody else saved meanwhile. */
import { queryOptions } from '@tanstack/react-query';
import { getFlow, patchFlow } from '@/api/flows';
import { Problem } from '@/api/problem';
import { getRetryAnalytics, type RetryCounts } from '@/api/reports';
import type { Flow } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import { collisions, differences, patchOf, type SettingKey, type SettingValues, valuesOf } from './setting-values';

/** How the executions of a flow ended. */
export type RetryTotals = Pick<RetryCounts, 'executions' | 'first_try' | 'recovered' | 'exhausted' | 'timed_out'>;

/** How the executions of the last seven days ended. */
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
    /** The flow as somebody else saved it. */
    readonly flow: Flow,
    /** What both sides changed, differently. */
    readonly keys: readonly SettingKey[],
  ) {
    super('The settings were changed elsewhere.');
  }
}

/**
 * Sends what differs between `base` and `mine`, and returns the flow as it is then.
 *
 * Throws a `SettingsConflict` when somebody else changed the same settings since `base` was read.
 */
export async function saveSettings(id: string, base: SettingValues, mine: SettingValues): Promise<Flow> {
  const keys = differences(base, mine);
  const current = await getFlow(id);
  const clashes = collisions(base, mine, valuesOf(current));
  if (clashes.length > 0) throw new SettingsConflict(current, clashes);
  try {
    return await patchFlow(id, patchOf(mine, keys));
  } catch (error) {
    if (error instanceof Problem && (error.status === 409 || error.status === 412)) {
      throw new SettingsConflict(await getFlow(id), keys);
    }
    throw error;
  }
}

/** What the settings dialog asks, and how it saves without overwriting what somebody else saved meanwhile. */
import { queryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import { getFlow, patchFlow } from '@/api/flows';
import { Problem } from '@/api/problem';
import type { Flow } from '@/api/types';
import { serverNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import { collisions, differences, patchOf, type SettingKey, type SettingValues, valuesOf } from './setting-values';

/** How the executions of a flow ended. */
export interface RetryTotals {
  executions: number;
  first_try: number;
  recovered: number;
  exhausted: number;
  timed_out: number;
}

/** How the executions of the last seven days ended. */
export const historyQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['analytics', 'flow', flowId, '7d'],
    queryFn: async ({ signal }) => {
      const query = { flow_id: flowId, from: periodStart('7d', serverNow()), bucket: 'day' };
      const { data } = await call<{ totals: RetryTotals }>('GET', '/studio/analytics/retries', { query, signal });
      return data.totals;
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

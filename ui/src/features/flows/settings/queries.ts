/** Saving settings, without overwriting what somebody else saved meanwhile. */
import { getFlow, patchFlow } from '@/api/flows';
import { Problem } from '@/api/problem';
import type { Flow } from '@/api/types';
import { collisions, differences, patchOf, type SettingKey, type SettingValues, valuesOf } from './setting-values';

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

/** Puts what the server found wrong at the fields that it is about. */
import type { Fault } from '@/api/problem';
import type { SettingFaults, SettingKey, SettingValues } from './setting-values';

export interface PlacedFaults {
  fields: SettingFaults;
  /** What is about no field of the form. */
  rest: readonly Fault[];
}

/** Reads the first key of each JSON pointer: `/tags/0` is about the field `tags`. */
export function placeFaults(faults: readonly Fault[], values: SettingValues): PlacedFaults {
  const fields: SettingFaults = {};
  const rest: Fault[] = [];
  for (const fault of faults) {
    const key = fault.pointer.split('/')[1] ?? '';
    if (!Object.hasOwn(values, key)) rest.push(fault);
    else fields[key as SettingKey] ??= sentence(fault.detail, key);
  }
  return { fields, rest };
}

/** Messages name their place and begin small; at the field itself they stand alone. */
function sentence(text: string, key: string): string {
  const rest = text.replace(`\`${key}\` `, '');
  const start = rest.charAt(0).toUpperCase() + rest.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

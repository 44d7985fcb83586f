/** Assigns the server's faults to the fields of the form. */
import type { Fault } from '@/api/problem';
import type { SettingFaults, SettingKey, SettingValues } from './setting-values';

export interface PlacedFaults {
  fields: SettingFaults;
  /** Faults that belong to no field of the form. */
  rest: readonly Fault[];
}

/** Uses the first key of each JSON pointer, within an object of settings the second, too: `/tags/0` belongs to the field `tags`. */
export function placeFaults(faults: readonly Fault[], values: SettingValues): PlacedFaults {
  const fields: SettingFaults = {};
  const rest: Fault[] = [];
  for (const fault of faults) {
    const key = fieldOf(fault.pointer);
    if (!Object.hasOwn(values, key)) rest.push(fault);
    else fields[key as SettingKey] ??= sentence(fault.detail, key);
  }
  return { fields, rest };
}

function fieldOf(pointer: string): string {
  const [, first = '', second] = pointer.split('/');
  if (first === 'budget') return second ?? 'max_tokens';
  if (first === 'sensitive') return `sensitive_${second ?? 'fields'}`;
  return first;
}

/** Messages start with the name of their field, in lower case; at the field itself it is omitted. */
function sentence(text: string, key: string): string {
  const rest = text.replace(`\`${key}\` `, '');
  const start = rest.charAt(0).toUpperCase() + rest.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

import type { Tenant } from '@/api/tenants';
import { formatNumber } from '@/lib/locale';
import { texts } from './texts';

export const MIB = 1024 * 1024;

/** What a tenant uses of each of its limits, in words. */
export function limitsOf({ quota, uses }: Tenant): string[] {
  const of = (used: number | null | undefined, max: number, unit = 1) => {
    const number = (value: number) => formatNumber(Math.round((value / unit) * 100) / 100);
    return used === null || used === undefined ? number(max) : texts.of(number(used), number(max));
  };
  const { executions, starts_per_minute: starts, stored_bytes: bytes, tokens_per_day: tokens } = quota;
  const { cost_per_day: cost, currency } = quota;
  const said = [
    executions && texts.uses.executions(of(uses.executions, executions)),
    starts && texts.uses.starts(of(uses.starts_last_minute, starts)),
    bytes && texts.uses.storage(of(uses.stored_bytes, bytes, MIB)),
    tokens && texts.uses.tokens(of(uses.tokens_today, tokens)),
    cost && texts.uses.cost(`${of(uses.cost_today, cost)}${currency ? ` ${currency}` : ''}`),
  ];
  return said.filter((text): text is string => typeof text === 'string');
}

/** Periods to look back over. */
import { texts } from './time-texts';

const { periods } = texts;

export const PERIODS = [
  { value: '1h', label: periods.hour, ms: 3_600_000 },
  { value: '24h', label: periods.day, ms: 86_400_000 },
  { value: '7d', label: periods.week, ms: 7 * 86_400_000 },
  { value: '30d', label: periods.month, ms: 30 * 86_400_000 },
] as const;

export type Period = (typeof PERIODS)[number]['value'];

export const PERIOD_VALUES: readonly Period[] = PERIODS.map((period) => period.value);

/**
 * Returns the start of `period` as RFC 3339, or `undefined` for all time.
 *
 * It is rounded down to the minute, so that a list keeps its cache key for a minute.
 */
export function periodStart(period: Period | undefined, now: number): string | undefined {
  const ms = PERIODS.find((candidate) => candidate.value === period)?.ms;
  if (ms === undefined) return undefined;
  return new Date(Math.floor((now - ms) / 60_000) * 60_000).toISOString();
}

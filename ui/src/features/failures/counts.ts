/** The counts of a group over time, as bars and in words. All functions are pure. */
import type { FailureGroup } from '@/api/reports';
import { formatMinute, formatUtcDay } from '@/lib/time';
import { texts } from './texts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The height of the lowest bar, in percent: one failure must be visible beside a thousand. */
const LOWEST = 14;

/** Reads as `minute`, `15 minutes`, `hour`, `6 hours`, `day`, `7 days`. */
export function spanName(seconds: number): string {
  const { days, hours, minutes } = texts.spans;
  if (seconds >= DAY) return days(Math.round(seconds / DAY));
  return seconds >= HOUR ? hours(Math.round(seconds / HOUR)) : minutes(Math.round(seconds / MINUTE));
}

/** Returns the start of a bucket: a UTC day where buckets are days, else a local time. */
export function startName(start: string, seconds: number): string {
  return seconds >= DAY ? formatUtcDay(Date.parse(start)) : formatMinute(Date.parse(start));
}

/** Returns the height of each bar in percent, the highest 100; 0 for no failures. */
export function heightsOf(counts: readonly number[]): number[] {
  const most = Math.max(1, ...counts);
  return counts.map((count) => (count === 0 ? 0 : LOWEST + (100 - LOWEST) * (count / most)));
}

/** Returns the title of the bars, the same for all groups: `Per hour since 24 Nov, 14:00`. */
export function timeName(group: Pick<FailureGroup, 'buckets' | 'bucket_seconds'> | undefined): string {
  const [first] = group?.buckets ?? [];
  if (!group || !first) return '';
  return texts.columns.time(spanName(group.bucket_seconds), startName(first.start, group.bucket_seconds));
}

/** Returns what the bars show, as a sentence. */
export function sentenceOf({ buckets, bucket_seconds }: Pick<FailureGroup, 'buckets' | 'bucket_seconds'>): string {
  const [first] = buckets;
  const most = buckets.reduce((best, bucket) => (bucket.count > best.count ? bucket : best), first ?? { count: 0 });
  if (!first || !('start' in most)) return texts.counts.none;
  const span = spanName(bucket_seconds);
  const start = (bucket: { start: string }) => startName(bucket.start, bucket_seconds);
  const latest = buckets.at(-1)?.count ?? 0;
  return texts.counts.sentence(span, start(first), most.count, start(most as { start: string }), latest);
}

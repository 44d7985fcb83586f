/** Formats times and durations. All functions are pure; `now` is in milliseconds since the epoch. */

import { dateTimeFormat, numberFormat } from './locale';
import { texts } from './time-texts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Returns an RFC 3339 time in milliseconds since the epoch, or `null` if it is missing or invalid. */
export function millis(time: string | null | undefined): number | null {
  if (!time) return null;
  const value = Date.parse(time);
  return Number.isNaN(value) ? null : value;
}

/** Reads as `0 ms`, `840 ms`, `4.2 s`, `1 min 05 s`, `2 h 03 min`, `3 d 4 h`. Negative durations are zero. */
export function formatDuration(ms: number): string {
  return partsOf(Math.max(0, ms)).join(' ');
}

/** A setting: `1 s`, `0.5 s`, `1 min 04 s`, and `5 min` where there are whole minutes. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${hundredths.format(seconds)} ${texts.units.s}`;
  const [large, small = ''] = partsOf(seconds * SECOND);
  return /^0+ /.test(small) ? `${large}` : `${large} ${small}`;
}

/** The two largest units of a duration. */
function partsOf(ms: number): string[] {
  const { units } = texts;
  if (ms < SECOND) return [`${Math.round(ms)} ${units.ms}`];
  if (ms < 10 * SECOND) return [`${tenths.format(Math.floor(ms / 100) / 10)} ${units.s}`];
  if (ms < MINUTE) return [`${Math.floor(ms / SECOND)} ${units.s}`];
  if (ms < HOUR) return [`${Math.floor(ms / MINUTE)} ${units.min}`, `${pad((ms % MINUTE) / SECOND)} ${units.s}`];
  if (ms < DAY) return [`${Math.floor(ms / HOUR)} ${units.h}`, `${pad((ms % HOUR) / MINUTE)} ${units.min}`];
  return [`${Math.floor(ms / DAY)} ${units.d}`, `${Math.floor((ms % DAY) / HOUR)} ${units.h}`];
}

/** Formats a countdown in whole seconds, rounded up, so that it reaches zero exactly when due: `4 s`, `1 min 05 s`. */
export function formatCountdown(ms: number): string {
  if (ms <= 0) return texts.now;
  return formatWhole(Math.ceil(ms / SECOND) * SECOND);
}

function formatWhole(ms: number): string {
  return ms < MINUTE ? `${ms / SECOND} ${texts.units.s}` : formatDuration(ms);
}

/** Reads as `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`, then as a date; `in 5 min` for the future. */
export function formatRelative(then: number, now: number): string {
  const distance = now - then;
  if (Math.abs(distance) < 2 * SECOND) return texts.justNow;
  if (Math.abs(distance) >= 30 * DAY) return formatDate(then);
  const text = coarse(Math.abs(distance));
  return distance > 0 ? texts.ago(text) : texts.in(text);
}

/** When something planned comes: `now` also where it is due, then as `formatRelative`. */
export function formatUpcoming(then: number, now: number): string {
  return then - now < 2 * SECOND ? texts.now : formatRelative(then, now);
}

function coarse(ms: number): string {
  const { units } = texts;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} ${units.s}`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} ${units.min}`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} ${units.h}`;
  return `${Math.floor(ms / DAY)} ${units.d}`;
}

const tenths = numberFormat({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = numberFormat({ maximumFractionDigits: 2 });
const dateFormat = dateTimeFormat({ day: 'numeric', month: 'short', year: 'numeric' });
const timeFormat = dateTimeFormat({
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const minuteFormat = dateTimeFormat({
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const utcDayFormat = dateTimeFormat({ day: 'numeric', month: 'short', timeZone: 'UTC' });
const clockFormat = dateTimeFormat({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** A day: `24 Nov 2026`. */
function formatDate(then: number): string {
  return dateFormat.format(then);
}

/** Date and time in the local time zone: `24 Nov 2026, 14:05:09 CET`. */
export function formatMoment(then: number): string {
  return timeFormat.format(then);
}

/** Date and time to the minute, in the local time zone: `24 Nov, 14:05`. */
export function formatMinute(then: number): string {
  return minuteFormat.format(then);
}

/** A day in UTC, for values that are counted by UTC days: `24 Nov`. */
export function formatUtcDay(then: number): string {
  return utcDayFormat.format(then);
}

/** The time of day with milliseconds: `14:05:09.120`. */
export function formatClock(then: number): string {
  return clockFormat.format(then);
}

function pad(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

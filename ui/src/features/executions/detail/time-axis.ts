/** The scale of the timeline: its length and its marks. */

import { formatDuration } from '@/lib/time';
import { texts as times } from '@/lib/time-texts';

export interface Tick {
  /** Milliseconds after the start. */
  at: number;
  label: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Common time steps; below a second they continue with 1, 2, 5. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 4, 8, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 180].map((count) => count * DAY),
];

const TICKS_MAX = 6;

/** Returns the marks of an axis of `length` milliseconds: from zero, at most seven, none in the last tenth. */
export function ticksOf(length: number): Tick[] {
  const step = stepFor(length);
  const count = Math.floor((length * 0.94) / step);
  return Array.from({ length: count + 1 }, (_, at) => ({ at: at * step, label: label(at * step) }));
}

/**
 * Returns a length with room for `reach`, in whole steps.
 *
 * While an execution runs, the axis is fixed and the bars grow; it is extended only when they come near its end.
 */
export function wideEnough(reach: number): number {
  const needed = Math.max(2 * SECOND, reach * 1.04);
  const step = stepFor(needed);
  return Math.ceil(needed / step) * step;
}

function stepFor(length: number): number {
  return STEPS.find((step) => length / step <= TICKS_MAX) ?? Math.ceil(length / TICKS_MAX / DAY) * DAY;
}

function label(ms: number): string {
  const { units } = times;
  if (ms === 0) return '0';
  if (ms < SECOND) return `${ms} ${units.ms}`;
  if (ms < MINUTE) return `${ms / SECOND} ${units.s}`;
  const minutes = ms / MINUTE;
  if (ms < HOUR && Number.isInteger(minutes)) return `${minutes} ${units.min}`;
  const hours = ms / HOUR;
  if (ms < DAY && Number.isInteger(hours)) return `${hours} ${units.h}`;
  const days = ms / DAY;
  return Number.isInteger(days) ? `${days} ${units.d}` : formatDuration(ms);
}

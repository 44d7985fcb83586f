/** The schedule of a trigger, as its form has it. All functions are pure. */

import { isRecord } from '@/lib/json';
import { dateTimeFormat } from '@/lib/locale';
import { own } from '@/lib/own';
import { millis } from '@/lib/time';

/** Cron expressions to choose from. */
export const PRESETS = {
  hourly: '0 * * * *',
  daily: '0 9 * * *',
  workingDays: '0 9 * * MON-FRI',
  mondays: '0 9 * * MON',
  monthly: '0 9 1 * *',
} as const;

export type Preset = keyof typeof PRESETS;

/** The time zone of a schedule that names none. */
export const UTC = 'UTC';

/** Starts that are shown. */
const STARTS = 10;
/** Those that are asked for where the first ones can be too early. */
const LOOK_AHEAD = 100;

/** Returns a schedule as it is when it is switched on. */
export function newSchedule(timezone: string): Record<string, unknown> {
  return { cron: PRESETS.daily, timezone };
}

/** Returns the preset that is this expression, however it is spaced; `null` for another one. */
export function presetOf(cron: unknown): Preset | null {
  if (typeof cron !== 'string') return null;
  const written = cron.trim().split(/\s+/).join(' ').toUpperCase();
  return (Object.keys(PRESETS) as Preset[]).find((preset) => PRESETS[preset] === written) ?? null;
}

/** Returns the time zones to choose from, with the one that is chosen, also where the browser does not know it. */
export function zonesWith(chosen: unknown, known: readonly string[]): string[] {
  const also = [UTC, ...(typeof chosen === 'string' && chosen !== '' ? [chosen] : [])];
  return [...new Set([...also.reverse(), ...known])];
}

/** What the next starts follow from. */
export interface Rule {
  cron: string;
  timezone: string;
  startsAt: number | null;
  endsAt: number | null;
}

/** Returns what a schedule starts by; `null` where that cannot be asked for. */
export function ruleOf(schedule: unknown): Rule | null {
  if (!isRecord(schedule)) return null;
  const text = (key: string) => {
    const value = own(schedule, key) ?? '';
    return typeof value === 'string' ? value.trim() : null;
  };
  const [cron, timezone] = [text('cron'), text('timezone')];
  if (!cron || timezone === null) return null;
  return {
    cron,
    timezone: timezone || UTC,
    startsAt: millis(text('starts_at')),
    endsAt: millis(text('ends_at')),
  };
}

/** Returns how many moments to ask for, so that some are left after those that are too early. */
export function countFor({ startsAt }: Rule): number {
  return startsAt === null ? STARTS : LOOK_AHEAD;
}

/** Returns the moments at which a schedule may start, of those that its expression names. */
export function startsWithin(moments: readonly string[], { startsAt, endsAt }: Rule): readonly string[] {
  const isWithin = (moment: string) => {
    const at = Date.parse(moment);
    return at >= (startsAt ?? at) && at <= (endsAt ?? at);
  };
  return moments.filter(isWithin).slice(0, STARTS);
}

/** A start on two clocks. */
export interface ShownStart {
  moment: string;
  /** In the time zone of the schedule. */
  there: string;
  /** In the time zone of the viewer; `null` where it is the same. */
  here: string | null;
}

/** Returns the starts as they are shown. Seconds that are 0 in all of them are left out, and so is a year that is the same. */
export function shownStarts(moments: readonly string[], viewer?: string): ShownStart[] {
  const hasSeconds = moments.some((moment) => moment.slice(17, 19) !== '00');
  const hasYears = new Set(moments.map((moment) => moment.slice(0, 4))).size > 1;
  const written = (timeZone: string | undefined) => {
    const format = dateTimeFormat({
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...(hasYears && { year: 'numeric' }),
      hour: '2-digit',
      minute: '2-digit',
      ...(hasSeconds && { second: '2-digit' }),
      timeZone,
    });
    return (at: number) => format.format(at);
  };
  // The browser need not know the time zone: the moment is written as its clocks show it.
  const [onClock, inZone] = [written(UTC), written(viewer)];
  return moments.map((moment) => {
    const there = onClock(Date.parse(`${moment.slice(0, 19)}Z`));
    const here = inZone(Date.parse(moment));
    return { moment, there, here: here === there ? null : here };
  });
}

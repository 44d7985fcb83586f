import { expect, it } from 'vitest';
import { countFor, presetOf, type Rule, ruleOf, shownStarts, startsWithin, zonesWith } from './schedule';
import { withValue } from './values';

const rule = (change: Partial<Rule>): Rule => ({
  cron: '0 9 * * *',
  timezone: 'UTC',
  startsAt: null,
  endsAt: null,
  ...change,
});

it('knows a preset however it is written', () => {
  expect(presetOf('0 9 * * MON-FRI')).toBe('workingDays');
  expect(presetOf('  0 9  * * mon-fri ')).toBe('workingDays');
  expect(presetOf('0 9 * * TUE')).toBeNull();
  expect(presetOf('constructor')).toBeNull();
  expect(presetOf(9)).toBeNull();
});

it('keeps keys that it does not know, and their order', () => {
  const schedule = { calendar: 'bank', cron: '@daily', jitter_seconds: 3 };
  expect(Object.keys(withValue(schedule, 'cron', '@hourly'))).toEqual(['calendar', 'cron', 'jitter_seconds']);
  expect(withValue(schedule, 'jitter_seconds', undefined)).toEqual({ calendar: 'bank', cron: '@daily' });
});

it('offers UTC and the chosen time zone, also where the browser does not list them', () => {
  expect(zonesWith('Mars/Olympus', ['Europe/Paris'])).toEqual(['Mars/Olympus', 'UTC', 'Europe/Paris']);
  expect(zonesWith('Europe/Paris', ['Europe/Berlin', 'Europe/Paris'])).toEqual([
    'Europe/Paris',
    'UTC',
    'Europe/Berlin',
  ]);
  expect(zonesWith(null, [])).toEqual(['UTC']);
});

it('asks for starts only where there is an expression and the time zone is a text', () => {
  expect(ruleOf({ cron: ' @daily ', timezone: null })).toEqual(rule({ cron: '@daily' }));
  for (const schedule of [{}, { cron: '' }, { cron: 5 }, { cron: '@daily', timezone: 5 }, '@daily', null]) {
    expect(ruleOf(schedule)).toBeNull();
  }
  expect(ruleOf({ cron: '@daily', starts_at: 'soon', ends_at: 7 })).toEqual(rule({ cron: '@daily' }));
});

it('leaves out moments before the first and after the last one', () => {
  const moments = Array.from({ length: 30 }, (_, day) => `2026-11-${String(day + 1).padStart(2, '0')}T09:00:00+01:00`);
  const at = (text: string) => Date.parse(text);

  expect(startsWithin(moments, rule({}))).toEqual(moments.slice(0, 10));
  expect(startsWithin(moments, rule({ startsAt: at('2026-11-20T08:00:00Z') }))).toEqual(moments.slice(19, 29));
  expect(startsWithin(moments, rule({ endsAt: at('2026-11-02T08:00:00Z') }))).toEqual(moments.slice(0, 2));
  expect(countFor(rule({}))).toBe(10);
  expect(countFor(rule({ startsAt: 0 }))).toBe(100);
});

it('shows a start on the clocks of its time zone, and on those of the viewer where they differ', () => {
  const moments = ['2026-11-30T09:00:00+01:00', '2026-12-01T09:00:00+01:00'];

  const inParis = shownStarts(moments, 'Europe/Paris');
  expect(inParis.map(({ there }) => plain(there))).toEqual(['Mon 30 Nov 09:00', 'Tue 1 Dec 09:00']);
  expect(inParis.map(({ here }) => here)).toEqual([null, null]);
  expect(plain(shownStarts(moments, 'Asia/Tokyo')[0]?.here)).toBe('Mon 30 Nov 17:00');
});

it('shows seconds and years only where they matter', () => {
  const there = (...moments: string[]) => shownStarts(moments).map((start) => plain(start.there));

  expect(there('2026-11-30T09:00:59Z', '2026-11-30T09:01:00Z')).toEqual(['Mon 30 Nov 09:00:59', 'Mon 30 Nov 09:01:00']);
  expect(there('2026-12-31T09:00:00Z', '2027-12-31T09:00:00Z')).toEqual([
    'Thu 31 Dec 2026 09:00',
    'Fri 31 Dec 2027 09:00',
  ]);
});

/** A time without what differs between the versions of browsers. */
const plain = (shown: string | null | undefined) => shown?.replaceAll(/,| at/g, '');

/** Two periods side by side. All functions are pure. */

import type { CallTimes, CostCounts, RetryCounts } from '@/api/reports';
import { costText } from '@/components/usage-text';
import { formatNumber, formatPercent } from '@/lib/locale';
import { formatDuration, millis } from '@/lib/time';
import { DAY, tokensOf } from './cost-shape';
import { texts as costs } from './cost-texts';
import type { Latency } from './latency';
import { percent } from './shape';
import { texts } from './texts';

export interface Period {
  /** In milliseconds. */
  from: number;
  to: number;
}

/** The days of a period that somebody chose, in UTC and both included. */
export interface ChosenDays {
  /** Where it is absent, nothing is chosen. */
  compare?: string | undefined;
  /** Where it is absent or earlier, the period is as long as the one that it is compared with. */
  compare_to?: string | undefined;
}

/** Returns the period to compare with: that of the days that were chosen, or the one right before. */
export function otherPeriod(period: Period, chosen: ChosenDays): Period {
  const length = period.to - period.from;
  const [first, last] = [startOf(chosen.compare), startOf(chosen.compare_to)];
  const from = first ?? period.from - length;
  const isWhole = first !== null && last !== null && last >= first;
  return { from, to: isWhole ? last + DAY : from + length };
}

function startOf(day: string | undefined): number | null {
  return day === undefined ? null : millis(`${day}T00:00:00Z`);
}

/** Says how many days both periods have, where they differ: then more in one of them need not mean anything. */
export function lengthsText(period: Period, other: Period): string | null {
  const [now, before] = [period.to - period.from, other.to - other.from];
  return now === before ? null : texts.compare.lengths(now / DAY, before / DAY);
}

/** Returns the day that a period begins on, as in addresses and date fields. */
export function dayOf(moment: number): string {
  return new Date(Math.floor(moment / DAY) * DAY).toISOString().slice(0, 10);
}

/** One measure in two periods. */
export interface Compared {
  label: string;
  now: string;
  other: string;
  change: string;
}

export function comparedRetries(now: RetryCounts, other: RetryCounts | undefined): Compared[] {
  const { facts, compare } = texts;
  const number = (label: string, of: (counts: RetryCounts) => number, unit = COUNT) =>
    compared(label, of(now), other && of(other), unit);
  const rate = (label: string, of: (counts: RetryCounts) => number | null) => {
    const [share, before] = [of(now), other ? of(other) : null];
    const change = share === null || before === null ? texts.compare.none : pointsText(share - before);
    return { label, now: shareText(share), other: shareText(before), change };
  };
  const mean = ({ duration_ms, executions }: RetryCounts) => (executions > 0 ? duration_ms / executions : null);
  return [
    number(facts.executions, (counts) => counts.executions),
    rate(facts.success, (counts) => counts.success_rate),
    rate(compare.firstTry, (counts) => counts.first_try_rate),
    number(facts.recovered, (counts) => counts.recovered),
    number(facts.exhausted, (counts) => counts.exhausted),
    number(facts.timedOut, (counts) => counts.timed_out),
    compared(compare.mean, mean(now), other && mean(other), TIME),
    number(facts.lostTime, (counts) => counts.failed_attempts_ms, TIME),
    number(facts.backoff, (counts) => counts.backoff_ms, TIME),
    number(facts.tokens, (counts) => counts.tokens_lost),
  ];
}

export function comparedCosts(now: CostCounts, other: CostCounts | undefined, isKnown: boolean): Compared[] {
  const { columns, facts, compare } = costs;
  const number = (label: string, of: (counts: CostCounts) => number, unit = COUNT) =>
    compared(label, of(now), other ? of(other) : isKnown ? 0 : undefined, unit);
  const money = {
    ...COUNT,
    less: texts.compare.less,
    text: (amount: number) => costText(amount, now.currency) ?? costs.noCost,
  };
  return [
    number(compare.cost, ({ cost }) => cost ?? 0, money),
    number(compare.lost, ({ cost_lost }) => cost_lost ?? 0, money),
    number(columns.calls, ({ calls }) => calls),
    number(facts.tokens, tokensOf),
    number(columns.lost, ({ tokens_lost }) => tokens_lost),
  ];
}

/** The percentiles of the time of a call. */
export function comparedTimes(now: CallTimes | undefined, other: CallTimes | undefined): Compared[] {
  const { time } = costs.compare;
  const { p50, p95, p99 } = costs.times;
  return [
    compared(time(p50), now?.p50_ms, other?.p50_ms, TIME),
    compared(time(p95), now?.p95_ms, other?.p95_ms, TIME),
    compared(time(p99), now?.p99_ms, other?.p99_ms, TIME),
  ];
}

/** Two versions of a flow. */
export function comparedVersions(one: Latency, other: Latency): Compared[] {
  const { latency } = texts;
  const time = (label: string, of: (latency: Latency) => number) => compared(label, of(one), of(other), TIME);
  const share = ({ completed, executions }: Latency) => percent(completed, executions);
  const points = one.completed / one.executions - other.completed / other.executions;
  return [
    compared(latency.executions, one.executions, other.executions, COUNT),
    { label: latency.success, now: share(one), other: share(other), change: pointsText(points) },
    time(latency.p50, ({ p50 }) => p50),
    time(latency.p95, ({ p95 }) => p95),
    time(latency.p99, ({ p99 }) => p99),
  ];
}

/** How a measure is written, and what more and less of it is called. */
interface Unit {
  text: (value: number) => string;
  more: (difference: string) => string;
  less: (difference: string) => string;
}

const COUNT: Unit = { text: countText, more: texts.compare.more, less: texts.compare.fewer };
const TIME: Unit = { text: formatDuration, more: texts.compare.longer, less: texts.compare.shorter };

type Known = number | null | undefined;

function compared(label: string, now: Known, other: Known, unit: Unit): Compared {
  const text = (value: Known) => (value === null || value === undefined ? texts.compare.none : unit.text(value));
  return { label, now: text(now), other: text(other), change: changeText(now, other, unit) };
}

/** Reads as `+25%, 1.2 s longer`; `–` where one of both is not known. */
export function timeChange(now: Known, other: Known): string {
  return changeText(now, other, TIME);
}

/** Reads as `+25%, 3 more`, `−3%, 1 fewer`, `no change`; from nothing there is no percentage. */
export function changeText(now: Known, other: Known, { text, more, less }: Unit = COUNT): string {
  if (now === null || now === undefined || other === null || other === undefined) return texts.compare.none;
  if (now === other) return texts.compare.same;
  const words = now > other ? more(text(now - other)) : less(text(other - now));
  if (other === 0) return words;
  return texts.compare.both(signed(Math.round((100 * (now - other)) / other), formatPercent), words);
}

function pointsText(difference: number): string {
  const points = Math.round(1_000 * difference) / 10;
  return points === 0 ? texts.compare.same : texts.compare.points(signed(points, formatNumber));
}

function signed(value: number, written: (value: number) => string): string {
  if (value === 0) return texts.compare.slight;
  return `${value > 0 ? '+' : '−'}${written(Math.abs(value))}`;
}

function shareText(share: number | null): string {
  return share === null ? texts.compare.none : formatPercent(Math.floor(1_000 * share) / 10);
}

function countText(value: number): string {
  return formatNumber(value);
}

/** Two periods side by side. All functions are pure. */

import type { CostCounts, RetryCounts } from '@/api/reports';
import { costText } from '@/components/usage-text';
import { formatNumber, formatPercent } from '@/lib/locale';
import { formatDuration } from '@/lib/time';
import { DAY, tokensOf } from './cost-shape';
import { texts as costs } from './cost-texts';
import { texts } from './texts';

export interface Period {
  /** In milliseconds. */
  from: number;
  to: number;
}

/** Returns the period to compare with, as long as `period`: the one from `day` on (UTC), or the one right before. */
export function otherPeriod(period: Period, day: string | undefined): Period {
  const length = period.to - period.from;
  const chosen = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  const from = Number.isNaN(chosen) ? period.from - length : chosen;
  return { from, to: from + length };
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
  const number = (label: string, of: (counts: RetryCounts) => number, text = countText) =>
    compared(label, of(now), other && of(other), text);
  const rate = (label: string, of: (counts: RetryCounts) => number | null) => {
    const [share, before] = [of(now), other ? of(other) : null];
    const change = share === null || before === null ? texts.compare.none : pointsText(share - before);
    return { label, now: shareText(share), other: shareText(before), change };
  };
  const mean = ({ duration_ms, executions }: RetryCounts) => (executions > 0 ? duration_ms / executions : 0);
  return [
    number(facts.executions, (counts) => counts.executions),
    rate(facts.success, (counts) => counts.success_rate),
    rate(compare.firstTry, (counts) => counts.first_try_rate),
    number(facts.recovered, (counts) => counts.recovered),
    number(facts.exhausted, (counts) => counts.exhausted),
    number(facts.timedOut, (counts) => counts.timed_out),
    number(compare.mean, mean, formatDuration),
    number(facts.lostTime, (counts) => counts.failed_attempts_ms, formatDuration),
    number(facts.backoff, (counts) => counts.backoff_ms, formatDuration),
    number(facts.tokens, (counts) => counts.tokens_lost),
  ];
}

export function comparedCosts(now: CostCounts, other: CostCounts | undefined, isKnown: boolean): Compared[] {
  const { columns, facts, compare } = costs;
  const number = (label: string, of: (counts: CostCounts) => number, text = countText) =>
    compared(label, of(now), other ? of(other) : isKnown ? 0 : undefined, text);
  const money = (amount: number) => costText(amount, now.currency) ?? costs.noCost;
  return [
    number(compare.cost, ({ cost }) => cost ?? 0, money),
    number(compare.lost, ({ cost_lost }) => cost_lost ?? 0, money),
    number(columns.calls, ({ calls }) => calls),
    number(facts.tokens, tokensOf),
    number(columns.lost, ({ tokens_lost }) => tokens_lost),
  ];
}

function compared(label: string, now: number, other: number | undefined, text: (value: number) => string): Compared {
  const { none } = texts.compare;
  if (other === undefined) return { label, now: text(now), other: none, change: none };
  return { label, now: text(now), other: text(other), change: changeText(now, other) };
}

/** Reads as `+25%`, `−3%`, `no change`; from nothing there is no percentage. */
export function changeText(now: number, other: number): string {
  if (now === other) return texts.compare.same;
  if (other === 0) return texts.compare.none;
  return signed(Math.round((100 * (now - other)) / other), formatPercent);
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

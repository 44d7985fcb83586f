import type { RetryCounts } from '@/api/reports';
import { formatNumber } from '@/lib/locale';
import { formatDuration } from '@/lib/time';
import classes from './facts.module.css';
import { type Outcome, percent } from './shape';
import { Swatch } from './swatch';
import { texts } from './texts';

interface Fact {
  label: string;
  value: string;
  /** Its share of finished executions. */
  share?: string;
  hint: string;
  outcome?: Outcome;
}

/** The key figures: outcomes, and the cost of failures. */
export function Facts({ totals, before }: { totals: RetryCounts; before: RetryCounts | undefined }) {
  return (
    <div className={classes.facts}>
      <Tiles label={texts.facts.outcomes} facts={outcomesOf(totals, before)} />
      <Tiles label={texts.facts.costs} facts={costsOf(totals, before)} />
    </div>
  );
}

function Tiles({ label, facts }: { label: string; facts: readonly Fact[] }) {
  return (
    <dl className={classes.tiles} aria-label={label} data-count={facts.length}>
      {facts.map(({ label: name, value, share, hint, outcome }) => (
        <div key={name} className={classes.tile}>
          <dt>
            {outcome && <Swatch outcome={outcome} />}
            {name}
          </dt>
          <dd className={classes.value}>
            {value}
            {share && <span className={classes.share}>{share}</span>}
          </dd>
          <dd className={classes.hint}>{hint}</dd>
        </div>
      ))}
    </dl>
  );
}

function outcomesOf(totals: RetryCounts, before: RetryCounts | undefined): Fact[] {
  const { facts } = texts;
  const share = (part: number) => percent(part, totals.executions);
  const outcome = (name: Outcome, label: string, hint: string): Fact => ({
    label,
    value: count(totals[name]),
    share: share(totals[name]),
    hint,
    outcome: name,
  });
  return [
    {
      label: facts.success,
      value: share(totals.completed),
      hint: beforeOr(
        before,
        (then) => percent(then.completed, then.executions),
        facts.successHint(share(totals.first_try)),
      ),
    },
    {
      label: facts.executions,
      value: count(totals.executions),
      hint: beforeOr(before, (then) => count(then.executions), facts.executionsHint),
    },
    outcome('first_try', facts.firstTry, facts.firstTryHint),
    outcome('recovered', facts.recovered, facts.recoveredHint),
    outcome('exhausted', facts.exhausted, facts.exhaustedHint),
    outcome('timed_out', facts.timedOut, facts.timedOutHint),
  ];
}

function costsOf(totals: RetryCounts, before: RetryCounts | undefined): Fact[] {
  const { facts } = texts;
  const { manual_retries, manual_retries_completed, manual_retries_failed, manual_retries_cancelled } = totals;
  return [
    {
      label: facts.lostTime,
      value: formatDuration(totals.failed_attempts_ms),
      hint: beforeOr(
        before,
        (then) => formatDuration(then.failed_attempts_ms),
        facts.lostTimeHint(facts.attempts(totals.failed_attempts)),
      ),
    },
    { label: facts.backoff, value: formatDuration(totals.backoff_ms), hint: facts.backoffHint },
    { label: facts.tokens, value: count(totals.tokens_lost), hint: facts.tokensHint },
    {
      label: facts.manual,
      value: count(manual_retries),
      hint:
        manual_retries > 0
          ? facts.manualHint(manual_retries_completed, manual_retries_failed, manual_retries_cancelled)
          : facts.manualNone,
    },
  ];
}

/** The same of the period before, where something ended in it. */
function beforeOr(before: RetryCounts | undefined, value: (before: RetryCounts) => string, otherwise: string): string {
  return before && before.executions > 0 ? texts.facts.before(value(before)) : otherwise;
}

function count(value: number): string {
  return formatNumber(value);
}

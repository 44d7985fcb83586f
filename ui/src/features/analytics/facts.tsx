import type { RetryCounts } from '@/api/reports';
import { formatDuration } from '@/lib/time';
import classes from './analytics.module.css';
import { percent } from './shape';
import { texts } from './texts';

/** The numbers that matter most. */
export function Facts({ totals }: { totals: RetryCounts }) {
  const { facts } = texts;
  const share = (part: number) => facts.share(percent(part, totals.executions));
  const all = [
    { label: facts.executions, value: totals.executions.toLocaleString('en'), hint: facts.executionsHint },
    {
      label: facts.firstTry,
      value: count(totals.first_try),
      hint: `${facts.firstTryHint}; ${share(totals.first_try)}`,
    },
    {
      label: facts.recovered,
      value: count(totals.recovered),
      hint: `${facts.recoveredHint}; ${share(totals.recovered)}`,
    },
    {
      label: facts.exhausted,
      value: count(totals.exhausted),
      hint: `${facts.exhaustedHint}; ${share(totals.exhausted)}`,
    },
    {
      label: facts.timedOut,
      value: count(totals.timed_out),
      hint: `${facts.timedOutHint}; ${share(totals.timed_out)}`,
    },
    { label: facts.lostTime, value: formatDuration(totals.failed_attempts_ms), hint: facts.lostTimeHint },
    { label: facts.backoff, value: formatDuration(totals.backoff_ms), hint: facts.backoffHint },
  ];
  return (
    <dl className={classes.facts}>
      {all.map(({ label, value, hint }) => (
        <div key={label} className={classes.fact}>
          <dt>{label}</dt>
          <dd className={classes.value}>{value}</dd>
          <dd className={classes.hint}>{hint}</dd>
        </div>
      ))}
    </dl>
  );
}

function count(value: number): string {
  return value.toLocaleString('en');
}

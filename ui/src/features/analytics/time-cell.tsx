import { formatDuration } from '@/lib/time';
import { timeChange } from './compare';
import classes from './comparison.module.css';
import { texts as costs } from './cost-texts';
import { texts } from './texts';

interface TimeCellProps {
  /** In milliseconds. */
  ms: number | null | undefined;
  /** The same in the other period; absent where it is not known. */
  before: number | null | undefined;
}

/** A percentile, and below it how it differs from the other period. */
export function TimeCell({ ms, before }: TimeCellProps) {
  if (ms === null || ms === undefined) return costs.noTimes;
  const change = timeChange(ms, before);
  return (
    <>
      {formatDuration(ms)}
      {change !== texts.compare.none && <span className={classes.change}>{change}</span>}
    </>
  );
}

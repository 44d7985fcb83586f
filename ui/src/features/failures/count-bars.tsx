import type { FailureGroup } from '@/api/reports';
import { formatNumber } from '@/lib/locale';
import classes from './count-bars.module.css';
import { heightsOf, sentenceOf, startName } from './counts';

/** When a group's executions failed: a bar per time span, the same spans for all groups. */
export function CountBars({ group }: { group: FailureGroup }) {
  const heights = heightsOf(group.buckets.map((bucket) => bucket.count));
  return (
    <div className={classes.bars} role="img" aria-label={sentenceOf(group)}>
      {group.buckets.map(({ start, count }, at) => (
        <span
          key={start}
          className={classes.lane}
          title={`${startName(start, group.bucket_seconds)}: ${formatNumber(count)}`}
        >
          <span className={count > 0 ? classes.bar : classes.none} style={{ height: `${heights[at]}%` }} />
        </span>
      ))}
    </div>
  );
}

import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ExecutionRow, Flow } from '@/api/types';
import { STATUS_LOOKS } from '@/components/status';
import { formatDuration } from '@/lib/time';
import { RECENT_MAX } from './queries';
import classes from './sparkline.module.css';
import { texts } from './texts';

/** Shorter durations all look the same: a few milliseconds do not matter. */
const LONGEST_MS_MIN = 20;

interface SparklineProps {
  flow: Flow;
  recent: UseQueryResult<readonly ExecutionRow[]>;
}

/** The newest executions as bars: outcome by colour, duration by height. Links to all of them. */
export function Sparkline({ flow, recent }: SparklineProps) {
  if (recent.isError) return <span className={classes.failed}>{texts.card.sparkFailed}</span>;
  const rows = [...(recent.data ?? [])].reverse();
  const longest = Math.max(LONGEST_MS_MIN, ...rows.map((row) => row.duration_ms ?? 0));
  return (
    <Link
      to="/executions"
      search={{ flow: flow.id }}
      className={classes.line}
      aria-label={`${texts.card.spark(rows.length)}: ${tally(rows)}`}
    >
      {Array.from({ length: RECENT_MAX - rows.length }, (_, at) => `none-${at}`).map((key) => (
        <span key={key} className={classes.none} />
      ))}
      {rows.map((row) => {
        const look = STATUS_LOOKS[row.retrying ? 'retrying' : row.status];
        return (
          <span
            key={row.id}
            className={classes.bar}
            data-tone={look.tone}
            data-recovered={row.recovered || undefined}
            title={`${row.recovered ? STATUS_LOOKS.recovered.label : look.label}${took(row)}`}
            style={{ height: `${heightOf(row, longest)}%` }}
          />
        );
      })}
    </Link>
  );
}

/** A square root scale, so that short durations remain distinguishable beside a long one. */
function heightOf(row: ExecutionRow, longest: number): number {
  return 34 + 66 * Math.sqrt((row.duration_ms ?? 0) / longest);
}

function took(row: ExecutionRow): string {
  return typeof row.duration_ms === 'number' ? `, ${formatDuration(row.duration_ms)}` : '';
}

function tally(rows: readonly ExecutionRow[]): string {
  const counts = new Map<string, number>();
  for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ') || texts.card.never;
}

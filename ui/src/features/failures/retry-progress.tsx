import { Link } from '@tanstack/react-router';
import type { ExecutionRow } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { StatusBadge } from '@/components/status-badge';
import { own } from '@/lib/own';
import { shortId } from '@/lib/short-id';
import { formatDuration } from '@/lib/time';
import { type Progress, progressOf } from './progress';
import classes from './retry-dialog.module.css';
import { texts } from './texts';
import { useProgress } from './use-progress';

/** The number of new executions that are listed; the bar and its counts cover all. */
const NAMED_MAX = 100;

interface RetryProgressProps {
  ids: readonly string[];
  flow: string;
}

/** The live progress of the new executions, until all have ended. */
export function RetryProgress({ ids, flow }: RetryProgressProps) {
  const { known, isDone, problem, again } = useProgress(flow, ids);
  const progress = progressOf(ids, known);
  return (
    <>
      <div className={classes.progress}>
        <p className={classes.state} aria-live={isDone ? 'polite' : 'off'}>
          {isDone ? texts.progress.over(progress.all) : texts.progress.going(progress.ended, progress.all)}
          {!isDone && <span className={classes.soft}>{texts.progress.closing}</span>}
        </p>
        <Bar progress={progress} />
        <Counts progress={progress} />
      </div>
      {problem && <ProblemCard problem={problem} onRetry={again} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <ul className={classes.list} aria-label={texts.progress.list} tabIndex={0}>
        {ids.slice(0, NAMED_MAX).map((id) => (
          <Item key={id} id={id} row={own(known, id)} />
        ))}
        {ids.length > NAMED_MAX && <li className={classes.soft}>{texts.progress.more(ids.length - NAMED_MAX)}</li>}
      </ul>
    </>
  );
}

function Bar({ progress }: { progress: Progress }) {
  const parts = [
    { tone: 'success', count: progress.completed },
    { tone: 'danger', count: progress.failed },
    { tone: 'muted', count: progress.cancelled },
  ];
  return (
    <div
      className={classes.bar}
      role="progressbar"
      aria-label={texts.progress.label}
      aria-valuemin={0}
      aria-valuemax={progress.all}
      aria-valuenow={progress.ended}
    >
      {parts.map(({ tone, count }) => (
        <span key={tone} data-tone={tone} style={{ width: `${(100 * count) / progress.all}%` }} />
      ))}
    </div>
  );
}

function Counts({ progress }: { progress: Progress }) {
  const { completed, failed, cancelled, open, retrying } = progress;
  return (
    <div className={classes.counts}>
      <StatusBadge status="completed" plain label={texts.progress.completed(completed)} />
      {failed > 0 && <StatusBadge status="failed" plain label={texts.progress.failed(failed)} />}
      {cancelled > 0 && <StatusBadge status="cancelled" plain label={texts.progress.cancelled(cancelled)} />}
      {open > 0 && <StatusBadge status="running" plain label={texts.progress.open(open)} />}
      {retrying > 0 && <StatusBadge status="retrying" plain label={texts.progress.retrying(retrying)} />}
    </div>
  );
}

function Item({ id, row }: { id: string; row: ExecutionRow | undefined }) {
  const status = row?.retrying ? 'retrying' : (row?.status ?? 'pending');
  return (
    <li>
      <Link className={classes.link ?? ''} to="/executions/$executionId" params={{ executionId: id }} title={id}>
        {shortId(id)}
      </Link>
      <StatusBadge status={status} plain />
      <span className={classes.outcome} title={row?.error_message ?? undefined}>
        {row?.error_message ?? (typeof row?.duration_ms === 'number' ? formatDuration(row.duration_ms) : '')}
      </span>
    </li>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Execution } from '@/api/types';
import { Duration } from '@/components/duration';
import { isFinished } from '@/components/status';
import { StatusBadge } from '@/components/status-badge';
import { shortId } from '@/lib/short-id';
import classes from './detail.module.css';
import { statusOf } from './execution-status';
import notes from './notes.module.css';
import { executionQuery } from './queries';
import { texts } from './texts';

const POLL_MS = 2_000;

/** What the last retry of an execution has come to, followed until it ends. */
export function RetryOutcome({ execution }: { execution: Execution }) {
  const id = execution.retried_by.at(-1);
  const { data: retry } = useQuery({
    ...executionQuery(id ?? ''),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => !(state.data && isFinished(state.data.status)) && POLL_MS,
  });
  if (!id) return null;
  return (
    <div className={notes.note} data-tone="neutral" role="status">
      {texts.retry.outcome}
      <Link to="/executions/$executionId" params={{ executionId: id }} className={classes.idLink} title={id}>
        {shortId(id)}
      </Link>
      {retry && <StatusBadge status={statusOf(retry)} />}
      {retry && isFinished(retry.status) && (
        <span className={notes.soft}>
          <Duration startedAt={retry.started_at} endedAt={retry.completed_at} ms={retry.duration_ms} />
        </span>
      )}
    </div>
  );
}

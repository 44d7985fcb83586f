import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ExecutionRow, ExecutionStatus, NodeExecution } from '@/api/types';
import { Duration } from '@/components/duration';
import { executionStatusKey, isFinished } from '@/components/status';
import { StatusIcon } from '@/components/status-icon';
import { millis } from '@/lib/time';
import type { Bar } from './bars';
import { childNameOf } from './children';
import { childrenQuery } from './queries';
import { texts } from './texts';
import classes from './timeline.module.css';
import { TimelineBar } from './timeline-bar';

interface TimelineChildrenProps {
  executionId: string;
  node: NodeExecution;
  /** As the panel of the node filters them. */
  status: ExecutionStatus | undefined;
  start: number;
  end: number;
  now: number;
}

/** At most so many are drawn; the panel of the node has the others. */
const SHOWN = 12;

/**
 * The executions that a node started, below its row: when each of them ran.
 *
 * For the eye alone: the panel of the node has the same as a list, with links for keyboards and screen readers.
 */
export function TimelineChildren({ executionId, node, status, start, end, now }: TimelineChildrenProps) {
  const page = useQuery(childrenQuery(executionId, node.node_id, status, null, !isFinished(node.status)));
  const rows = page.data?.rows.slice(0, SHOWN) ?? [];
  const more = (page.data?.total ?? rows.length) - rows.length;
  return (
    <div aria-hidden className={classes.children}>
      {rows.map((row) => (
        <Link
          key={row.id}
          to="/executions/$executionId"
          params={{ executionId: row.id }}
          tabIndex={-1}
          className={classes.child}
        >
          <span className={classes.childName}>
            <StatusIcon status={executionStatusKey(row)} size={12} />
            {childNameOf(node.node_type, row)}
          </span>
          <svg className={classes.chart} width="100%" height="26" role="presentation">
            <TimelineBar bar={barOf(row, now)} start={start} end={end} now={now} maxAttempts={1} isSmall />
          </svg>
          <span className={classes.took}>
            <Duration startedAt={row.started_at} endedAt={row.completed_at} ms={row.duration_ms} />
          </span>
        </Link>
      ))}
      {more > 0 && <p className={classes.moreChildren}>{texts.children.more(more)}</p>}
    </div>
  );
}

const KINDS: Partial<Record<ExecutionStatus, Bar['kind']>> = { completed: 'ok', failed: 'bad', cancelled: 'cut' };

function barOf({ id, status, created_at, started_at, completed_at }: ExecutionRow, now: number): Bar {
  const from = millis(started_at) ?? millis(created_at) ?? now;
  return {
    key: id,
    kind: KINDS[status] ?? 'run',
    from,
    to: millis(completed_at),
    due: null,
    attempt: null,
    reason: null,
  };
}

import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { ExecutionRow } from '@/api/types';
import { Duration } from '@/components/duration';
import { Prose } from '@/components/prose';
import { executionStatusKey, isFinished, STATUS_LOOKS } from '@/components/status';
import { StatusIcon } from '@/components/status-icon';
import { causeOf } from './cause';
import classes from './children.module.css';

interface ChildRowProps {
  row: ExecutionRow;
  name: string;
}

/** One execution that a node started, with a link to it. */
export const ChildRow = memo(function ChildRow({ row, name }: ChildRowProps) {
  const status = executionStatusKey(row);
  return (
    <li>
      <Link to="/executions/$executionId" params={{ executionId: row.id }} className={classes.row}>
        <StatusIcon status={status} label={STATUS_LOOKS[status].label} />
        <span className={classes.name}>{name}</span>
        <span
          className={classes.outcome}
          data-failed={row.status === 'failed' || undefined}
          title={row.error_message ?? undefined}
        >
          {row.error_message ? <Prose text={causeOf(row.error_message)} /> : whatItDoes(row)}
        </span>
        <span className={classes.took}>
          <Duration startedAt={row.started_at} endedAt={row.completed_at} ms={row.duration_ms} />
        </span>
      </Link>
    </li>
  );
});

function whatItDoes({ status, current_node_id }: ExecutionRow): string | null {
  return isFinished(status) ? null : (current_node_id ?? null);
}

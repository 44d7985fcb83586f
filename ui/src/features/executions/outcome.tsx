import type { ReactNode } from 'react';
import { useIsPaused } from '@/api/pause';
import type { ExecutionRow } from '@/api/types';
import { Prose } from '@/components/prose';
import type { NodeName } from '@/components/use-node-names';
import { causeOf } from './detail/cause';
import { Countdown } from './detail/countdown';
import classes from './execution-list.module.css';
import { texts } from './texts';

interface OutcomeProps {
  row: ExecutionRow;
  nameOf: NodeName;
}

/** The outcome of an execution; while it is unfinished, its progress and what it waits for. */
export function Outcome({ row, nameOf }: OutcomeProps) {
  if (row.error_message) {
    return (
      <span className={classes.error} title={row.error_message}>
        <Prose text={causeOf(row.error_message)} />
      </span>
    );
  }
  return <span className={classes.quiet}>{progressOf(row, nameOf)}</span>;
}

function progressOf(row: ExecutionRow, nameOf: NodeName): ReactNode {
  const { completed_nodes, total_nodes } = row.summary;
  const done = texts.list.progress(completed_nodes, total_nodes);
  switch (row.status) {
    case 'completed':
      return texts.list.ran(completed_nodes);
    case 'pending':
      return <UntilStart startsAt={row.starts_at} />;
    case 'running':
    case 'paused':
      if (!row.current_node_id) return done;
      return (
        <>
          {done} · <bdi>{whatItDoes(row, nameOf(row.flow_id, row.current_node_id))}</bdi>
        </>
      );
    default:
      return done;
  }
}

/** What an accepted execution waits for: a slot, that everything is resumed, or that no other start comes. */
function UntilStart({ startsAt }: { startsAt: ExecutionRow['starts_at'] }) {
  const wait = useIsPaused() ? texts.list.waitsForResume : texts.list.waitsForSlot;
  return startsAt ? <Countdown to={startsAt} text={texts.list.putOff} due={wait} /> : wait;
}

function whatItDoes(row: ExecutionRow, node: string): ReactNode {
  const { waitsForAgent, waitsForSession, waitsForDecision, waitsForRetry, retriesIn, retryDue, goesOnIn, goesOn } =
    texts.list;
  if (row.waiting_for === 'decision') return waitsForDecision(node);
  if (row.next_retry_at) {
    return <Countdown to={row.next_retry_at} text={(left) => retriesIn(node, left)} due={retryDue(node)} />;
  }
  if (row.waiting_until) {
    return <Countdown to={row.waiting_until} text={(left) => goesOnIn(node, left)} due={goesOn(node)} />;
  }
  if (row.waiting_for === 'slot') return waitsForAgent(node);
  if (row.waiting_for === 'session') return waitsForSession(node);
  return row.retrying ? waitsForRetry(node) : node;
}

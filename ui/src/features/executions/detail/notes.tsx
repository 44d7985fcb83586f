import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useIsPaused } from '@/api/pause';
import type { Execution, NodeExecution } from '@/api/types';
import { Prose } from '@/components/prose';
import { nodeStatusKey, STATUS_LOOKS, type StatusKey } from '@/components/status';
import { StatusIcon } from '@/components/status-icon';
import { Countdown } from './countdown';
import { FailureNote } from './failure-note';
import classes from './notes.module.css';
import { texts } from './texts';

interface NotesProps {
  execution: Execution;
  onNode: (nodeId: string) => void;
}

/** The most important thing about an execution: why it failed, or why it does not progress. */
export function Notes({ execution, onNode }: NotesProps) {
  if (!execution.ending_as) return <Main execution={execution} onNode={onNode} />;
  return (
    <>
      <Note status="retrying">
        <span className={classes.grow}>
          {texts.notes.undoing(execution.ending_as)}
          {execution.error_message && (
            <span className={classes.soft}>
              {' · '}
              <Prose text={execution.error_message.split('\n')[0] ?? ''} />
            </span>
          )}
        </span>
      </Note>
      <Main execution={execution} onNode={onNode} />
    </>
  );
}

function Main({ execution, onNode }: NotesProps) {
  if (execution.status === 'failed') return <FailureNote execution={execution} onNode={onNode} />;
  if (execution.status === 'cancelled')
    return <Note status="cancelled">{texts.notes.cancelled(execution.error_message)}</Note>;
  if (execution.status === 'paused') return <Note status="paused">{texts.notes.paused}</Note>;
  if (execution.status === 'pending') return <StartNote startsAt={execution.starts_at} />;
  if (execution.waiting_for === 'slot') return <Note status="waiting">{texts.notes.agent}</Note>;
  if (execution.waiting_for === 'session') return <Note status="waiting">{texts.notes.session}</Note>;
  const undecided = nodeIn(execution, 'decision');
  if (undecided) return <DecisionNote node={undecided} onNode={onNode} />;
  const retrying = nodeIn(execution, 'retrying');
  if (retrying) return <RetryingNote node={retrying} onNode={onNode} />;
  return null;
}

function StartNote({ startsAt }: { startsAt: Execution['starts_at'] }) {
  const wait = useIsPaused() ? texts.notes.everything : texts.notes.slot;
  return (
    <Note status="waiting">{startsAt ? <Countdown to={startsAt} text={texts.notes.putOff} due={wait} /> : wait}</Note>
  );
}

function DecisionNote({ node, onNode }: { node: NodeExecution; onNode: (nodeId: string) => void }) {
  return (
    <Note status="decision">
      <span className={classes.grow}>{texts.notes.decision(node.node_name)}</span>
      <Button size="compact-xs" variant="default" onClick={() => onNode(node.node_id)}>
        {texts.notes.decide}
      </Button>
    </Note>
  );
}

function RetryingNote({ node, onNode }: { node: NodeExecution; onNode: (nodeId: string) => void }) {
  return (
    <Note status="retrying">
      <span className={classes.grow}>
        {node.node_name}{' '}
        <Countdown to={node.next_retry_at} text={texts.notes.retryingIn} due={texts.notes.retryingNow} />
        {node.error_message && (
          <span className={classes.soft}>
            {' · '}
            <Prose text={node.error_message} />
          </span>
        )}
      </span>
      <Button size="compact-xs" variant="default" onClick={() => onNode(node.node_id)}>
        {texts.notes.show}
      </Button>
    </Note>
  );
}

function Note({ status, children }: { status: StatusKey; children: ReactNode }) {
  return (
    <div className={classes.note} data-tone={STATUS_LOOKS[status].tone} role="status">
      <StatusIcon status={status} size={16} />
      {children}
    </div>
  );
}

function nodeIn(execution: Execution, status: StatusKey): NodeExecution | undefined {
  return execution.node_executions.find((node) => nodeStatusKey(node) === status);
}

import { IconAlertTriangle, IconHourglass, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { retryExecution } from '@/api/executions';
import type { Execution } from '@/api/types';
import { useMay } from '@/api/use-may';
import { useLiveTurn } from '@/components/conversation/use-live-turn';
import { errorClassLabel } from '@/components/error-classes';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { ReasonedButton } from '@/components/reasoned-button';
import { isFinished } from '@/components/status';
import { visible } from '@/lib/json-text';
import { idempotencyKey } from '@/lib/keys';
import classes from './chat.module.css';
import type { ChatEntry } from './entries';
import { Said } from './said';
import { texts } from './texts';
import { ToolLines, useCalls, waitsForPerson } from './tool-lines';
import { executionQuery } from './use-conversation';
import { waitOf } from './wait';

interface AnswerProps {
  entry: ChatEntry;
  nodeId: string;
  /** Whether the calls of tools are shown, which takes a request. */
  hasTools: boolean;
  onChange: () => void;
}

/** What came of a message: the answer while it is written, the answer, or why there is none. */
export function Answer({ entry: { executionId, turn, row }, nodeId, hasTools, onChange }: AnswerProps) {
  const query = useQuery({ ...executionQuery(executionId), enabled: turn === null });
  const state = `${row?.status} ${row?.waiting_for} ${row?.completed_at}`;
  const execution = query.data;
  const isOpen = row !== null && !isFinished(row.status);
  const calls = useCalls({ executionId, nodeId, state, isOpen, isAsked: hasTools && row !== null });
  return (
    <>
      <ToolLines calls={calls} executionId={executionId} nodeId={nodeId} />
      {turn ? (
        <Said value={turn.answer} fileName={`answer-${turn.number}.json`} />
      ) : execution ? (
        <Untold execution={execution} nodeId={nodeId} isSaid={calls.some(waitsForPerson)} onChange={onChange} />
      ) : query.error ? (
        <ProblemCard problem={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <p className={classes.quiet}>{texts.thinking}</p>
      )}
    </>
  );
}

interface UntoldProps {
  execution: Execution;
  nodeId: string;
  /** Whether it is said already which call waits for a person. */
  isSaid: boolean;
  onChange: () => void;
}

/** An execution that has added no turn to its session, or not yet. */
function Untold({ execution, nodeId, isSaid, onChange }: UntoldProps) {
  const node = execution.node_executions.find((one) => one.node_id === nodeId);
  if (!isFinished(execution.status)) {
    const wait = waitOf(execution, nodeId);
    const writes = node?.status === 'running' && !node.waiting_for;
    return (
      <>
        <Growing executionId={execution.id} nodeId={nodeId} isOpen={writes} />
        {wait && !(isSaid && wait.isForPerson) && <Waiting executionId={execution.id} nodeId={nodeId} {...wait} />}
      </>
    );
  }
  if (execution.status === 'completed') {
    const output = node?.output_data ?? execution.result;
    if (output === null || output === undefined) return <p className={classes.quiet}>{texts.noAnswer}</p>;
    return <Said value={output} fileName="answer.json" />;
  }
  if (execution.error_class === 'replaced') return <p className={classes.quiet}>{texts.replaced}</p>;
  return <Failed execution={execution} onChange={onChange} />;
}

/** What a model has written so far. Screen readers are not told each piece. */
function Growing({ executionId, nodeId, isOpen }: { executionId: string; nodeId: string; isOpen: boolean }) {
  const live = useLiveTurn(executionId, nodeId, isOpen, () => undefined);
  if (!isOpen) return null;
  const text = live?.text.text ?? '';
  return (
    <div className={classes.text} aria-busy>
      {text === '' ? <span className={classes.quiet}>{texts.thinking}</span> : visible(text)}
      <span className={classes.cursor} aria-hidden />
    </div>
  );
}

interface WaitingProps {
  executionId: string;
  nodeId: string;
  text: string;
  /** Whether somebody can end it. */
  isForPerson: boolean;
}

function Waiting({ executionId, nodeId, text, isForPerson }: WaitingProps) {
  return (
    <p className={classes.line} data-tone={isForPerson ? 'attention' : 'neutral'}>
      <IconHourglass size={14} aria-hidden />
      <span>{text}</span>
      {isForPerson && (
        <Link to="/executions/$executionId" params={{ executionId }} search={{ node: nodeId }} className={classes.link}>
          {texts.decide}
        </Link>
      )}
    </p>
  );
}

function Failed({ execution, onChange }: { execution: Execution; onChange: () => void }) {
  const key = useRef(idempotencyKey());
  const { why } = useMay('run_flows');
  const retry = useMutation({
    mutationFn: () => retryExecution(execution.id, { mode: 'from_failed' }, key.current),
    onSuccess: onChange,
  });
  const isStopped = execution.status === 'cancelled';
  const said = isStopped ? texts.cancelled : (execution.error_message?.split('\n')[0] ?? texts.failed);
  return (
    <div className={classes.failed} data-tone={isStopped ? 'muted' : 'danger'}>
      <p className={classes.line}>
        <IconAlertTriangle size={15} aria-hidden />
        <span>
          {!isStopped && execution.error_class && <strong>{errorClassLabel(execution.error_class)}: </strong>}
          <Prose text={said} />
        </span>
      </p>
      {retry.error && <ProblemCard problem={retry.error} />}
      <ReasonedButton
        reason={why}
        variant="default"
        leftSection={<IconRefresh size={14} aria-hidden />}
        loading={retry.isPending}
        onClick={() => retry.mutate()}
      >
        {texts.tryAgain}
      </ReasonedButton>
    </div>
  );
}

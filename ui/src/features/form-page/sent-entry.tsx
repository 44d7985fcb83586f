import { Button, Loader } from '@mantine/core';
import { IconCircleCheckFilled, IconCircleXFilled, IconHourglass } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { toProblem } from '@/api/problem';
import type { Execution } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { BlockSkeleton } from '@/components/skeletons';
import { isFinished } from '@/components/status';
import { useFollowed } from '@/components/use-followed';
import { own } from '@/lib/own';
import { formatMoment, millis } from '@/lib/time';
import classes from './form-page.module.css';
import { ResultView } from './result-view';
import { texts } from './texts';

interface SentEntryProps {
  executionId: string;
  onAgain: () => void;
}

/** What became of what was sent: the execution while it runs, and its result. */
export function SentEntry({ executionId, onAgain }: SentEntryProps) {
  const { data: execution, error, refetch } = useFollowed(executionId);
  const isOver = execution ? isFinished(execution.status) : error !== null;
  return (
    <>
      {execution ? <State execution={execution} /> : <Missing error={error} onRetry={() => void refetch()} />}
      {isOver && (
        <div className={classes.actions}>
          <Button size="md" variant="default" onClick={onAgain}>
            {texts.again}
          </Button>
          {execution && <OpenExecution id={executionId} />}
        </div>
      )}
    </>
  );
}

function Missing({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (!error) return <BlockSkeleton height={120} />;
  if (toProblem(error).status === 404) return <p className={classes.note}>{texts.goneRun}</p>;
  return <ProblemCard problem={error} onRetry={onRetry} />;
}

function State({ execution }: { execution: Execution }) {
  const { status } = execution;
  const box = useRef<HTMLElement>(null);
  // The person who pressed the button that is gone is where the answer is.
  useEffect(() => box.current?.focus(), []);
  return (
    <section ref={box} className={classes.state} aria-label={texts.state} tabIndex={-1}>
      <div role="status">
        {status === 'completed' && <Headline icon={IconCircleCheckFilled} tone="success" text={texts.completed} />}
        {status === 'failed' && <Headline icon={IconCircleXFilled} tone="danger" text={texts.failed} />}
        {status === 'cancelled' && <Headline icon={IconCircleXFilled} tone="muted" text={texts.cancelled} />}
        {!isFinished(status) && <Open execution={execution} />}
      </div>
      {status === 'completed' && <ResultView value={execution.result} />}
      {status === 'failed' && (
        <>
          <p className={classes.message}>
            <Prose text={firstLine(execution.error_message)} />
          </p>
          <p className={classes.note}>
            {texts.failedAdvice} <code>{execution.id}</code>
          </p>
        </>
      )}
      {status === 'cancelled' && <p className={classes.note}>{texts.cancelledAdvice}</p>}
    </section>
  );
}

function firstLine(message: string | null | undefined): string {
  return message?.split('\n')[0] ?? '';
}

interface HeadlineProps {
  icon: typeof IconHourglass;
  tone: string;
  text: string;
}

function Headline({ icon: Icon, tone, text }: HeadlineProps) {
  return (
    <p className={classes.headline} data-tone={tone}>
      <Icon size={20} aria-hidden />
      {text}
    </p>
  );
}

function Open({ execution }: { execution: Execution }) {
  const { completed_nodes: done, total_nodes: all } = execution.summary;
  const until = untilOf(execution);
  const text = sayingOf(execution);
  const isWaiting = execution.waiting_for !== null || execution.status === 'paused';
  return (
    <>
      {isWaiting ? (
        <Headline icon={IconHourglass} tone="attention" text={text} />
      ) : (
        <p className={classes.headline}>
          <Loader size={16} aria-hidden />
          {text}
        </p>
      )}
      <p className={classes.note}>
        {until !== null && `${texts.until(formatMoment(until))} `}
        {done > 0 && `${texts.progress(done, all)}. `}
        {texts.stay}
      </p>
    </>
  );
}

function sayingOf(execution: Execution): string {
  if (execution.ending_as) return texts.undoing;
  if (execution.status === 'pending') return texts.pending;
  if (execution.status === 'paused') return texts.paused;
  const wait = execution.waiting_for && own(texts.waits, execution.waiting_for);
  if (wait) return wait;
  return execution.retrying ? texts.retrying : texts.running;
}

/** When the wait is over on which everything depends, if that is known. */
function untilOf({ waiting_for, node_executions }: Execution): number | null {
  const node = node_executions.find((one) => waiting_for !== null && one.waiting_for === waiting_for);
  return millis(node?.waiting_until);
}

function OpenExecution({ id }: { id: string }) {
  return (
    <Link to="/executions/$executionId" params={{ executionId: id }} className={classes.link}>
      {texts.openExecution}
    </Link>
  );
}

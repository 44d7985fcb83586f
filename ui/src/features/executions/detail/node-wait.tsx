import { Button } from '@mantine/core';
import { IconHourglass, IconPlayerTrackNext, IconRefresh } from '@tabler/icons-react';
import type { Execution, NodeExecution } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import { own } from '@/lib/own';
import { Countdown } from './countdown';
import classes from './node-panel.module.css';
import { whyNotRetryNow } from './reasons';
import { texts } from './texts';
import { useRetryNow } from './use-control';

interface NodeWaitProps {
  execution: Execution;
  node: NodeExecution;
}

/** What a node waits for, with a countdown; a backoff can be skipped. */
export function NodeWait({ execution, node }: NodeWaitProps) {
  if (node.status === 'pending' && node.next_retry_at) return <Backoff execution={execution} node={node} />;
  if (!node.waiting_for) return null;
  return (
    <div className={classes.wait} data-tone="neutral">
      <IconHourglass size={16} aria-hidden className={classes.solid} />
      <span className={classes.waitText}>
        {node.waiting_until ? (
          <Countdown to={node.waiting_until} text={texts.node.goesOn} due={texts.node.goesOnNow} />
        ) : (
          (own(texts.waterfall.waits, node.waiting_for) ?? node.waiting_for)
        )}
      </span>
    </div>
  );
}

function Backoff({ execution, node }: NodeWaitProps) {
  const hurry = useRetryNow(execution.id, node.node_id);
  const { why } = useMay('control_executions');
  return (
    <div className={classes.wait} data-tone="warning">
      <IconRefresh size={16} aria-hidden className={classes.solid} />
      <span className={classes.waitText}>
        {execution.status === 'paused' ? (
          texts.node.nextHeld
        ) : (
          <Countdown to={node.next_retry_at} text={texts.node.nextIn} due={texts.node.nextNow} />
        )}
        <span className={classes.soft}>{texts.node.nextAttempt(node.retry_attempt + 2, node.max_attempts)}</span>
      </span>
      {hurry.isPending ? (
        <Button size="compact-xs" loading>
          {texts.actions.retryNow}
        </Button>
      ) : (
        <ReasonedButton
          size="compact-xs"
          variant="default"
          leftSection={<IconPlayerTrackNext size={13} aria-hidden />}
          reason={why ?? whyNotRetryNow(execution)}
          hint={texts.actions.retryNowHint}
          onClick={() => hurry.mutate()}
        >
          {texts.actions.retryNow}
        </ReasonedButton>
      )}
    </div>
  );
}

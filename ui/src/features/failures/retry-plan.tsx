import { Button, Group, Radio } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RetriedMany, RetryMode } from '@/api/executions';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { formatNumber } from '@/lib/locale';
import { texts as common } from '@/lib/texts';
import { type Batch, dryRunQuery, RETRIED_MAX } from './queries';
import classes from './retry-dialog.module.css';
import { reasonsOf, wereAllRetried } from './skipped';
import { texts } from './texts';

interface RetryPlanProps {
  batch: Batch;
  mode: RetryMode;
  isNarrow: boolean;
  isRunning: boolean;
  problem: unknown;
  onMode: (mode: RetryMode) => void;
  onRun: () => void;
  onClose: () => void;
}

/** Where the retries start, and the server's plan for them. */
export function RetryPlan({ batch, mode, isNarrow, isRunning, problem, onMode, onRun, onClose }: RetryPlanProps) {
  const { dialog } = texts;
  const plan = useQuery(dryRunQuery(batch, mode));
  const count = plan.data?.retried ?? 0;
  return (
    <>
      <Radio.Group aria-label={dialog.modes} value={mode} onChange={(value) => onMode(value as RetryMode)}>
        <div className={classes.choices}>
          <Radio value="from_failed" label={dialog.fromFailed} description={dialog.fromFailedDetail} />
          <Radio value="from_start" label={dialog.fromStart} description={dialog.fromStartDetail} />
        </div>
      </Radio.Group>
      <div aria-live="polite" className={classes.plan}>
        {batch.before && <p>{dialog.later(RETRIED_MAX)}</p>}
        {plan.isPending && <p>{dialog.counting}</p>}
        {plan.data && <Summary plan={plan.data} isNarrow={isNarrow} />}
      </div>
      {plan.isError && <ProblemCard problem={plan.error} onRetry={() => void plan.refetch()} />}
      {problem !== null && <ProblemCard problem={problem} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {common.actions.cancel}
        </Button>
        <ReasonedButton
          reason={plan.data && count === 0 ? dialog.nothing : null}
          loading={isRunning || plan.isPending}
          disabled={plan.isError}
          onClick={onRun}
        >
          {count > 0 ? dialog.run(count) : common.actions.retry}
        </ReasonedButton>
      </Group>
    </>
  );
}

/** The server's plan in words: how many will be retried, and why others are skipped. */
function Summary({ plan, isNarrow }: { plan: RetriedMany; isNarrow: boolean }) {
  const { dialog } = texts;
  if (wereAllRetried(plan)) return <p className={classes.strong}>{dialog.noneLeft(plan.skipped)}</p>;
  const reasons = reasonsOf(plan);
  return (
    <>
      <p className={classes.strong}>{plan.retried > 0 ? dialog.would(plan.retried) : dialog.none}</p>
      {isNarrow && <p>{dialog.wholeGroup}</p>}
      {plan.matched === RETRIED_MAX && <p>{dialog.batch(RETRIED_MAX)}</p>}
      {reasons.length > 0 && <p>{dialog.skipped(plan.skipped)}</p>}
      {reasons.length > 0 && (
        <ul className={classes.reasons}>
          {reasons.map(({ reason, count }) => (
            <li key={reason}>
              {formatNumber(count)} × {reason}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

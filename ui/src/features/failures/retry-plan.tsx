import { Button, Group, Radio } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RetryMode } from '@/api/executions';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { texts as common } from '@/lib/texts';
import { type Batch, dryRunQuery, RETRIED_MAX } from './queries';
import classes from './retry-dialog.module.css';
import { reasonsOf, skippedOf } from './skipped';
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
  const reasons = plan.data ? reasonsOf(plan.data) : [];
  const wereRetried =
    plan.data !== undefined && count === 0 && reasons.length > 0 && skippedOf(plan.data).every(({ newer }) => newer);
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
        {plan.data && (
          <>
            <p className={classes.strong}>
              {count > 0 ? dialog.would(count) : wereRetried ? dialog.noneLeft(plan.data.skipped) : dialog.none}
            </p>
            {isNarrow && <p>{dialog.wholeGroup}</p>}
            {plan.data.matched === RETRIED_MAX && <p>{dialog.batch(RETRIED_MAX)}</p>}
            {reasons.length > 0 && !wereRetried && (
              <>
                <p>{dialog.skipped(plan.data.skipped)}</p>
                <ul className={classes.reasons}>
                  {reasons.map(({ reason, count: times }) => (
                    <li key={reason}>
                      {times.toLocaleString('en')} × {reason}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
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
          {plan.data ? dialog.run(count) : common.actions.retry}
        </ReasonedButton>
      </Group>
    </>
  );
}

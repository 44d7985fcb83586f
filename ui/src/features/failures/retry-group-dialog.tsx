import { Anchor, Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RetriedMany, RetryMode } from '@/api/executions';
import type { FailureGroup } from '@/api/reports';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { texts as common } from '@/lib/texts';
import classes from './failures.module.css';
import { dryRunQuery, RETRIED_MAX, useRetryGroup } from './queries';
import { reasonsOf } from './skipped';
import { texts } from './texts';

interface RetryGroupDialogProps {
  group: FailureGroup;
  onClose: () => void;
}

/** Retries a group: says first what it would do, does it, and says what came of it. */
export function RetryGroupDialog({ group, onClose }: RetryGroupDialogProps) {
  const { dialog } = texts;
  const [mode, setMode] = useState<RetryMode>('from_failed');
  const plan = useQuery(dryRunQuery(group.fingerprint, group.flow_id, mode));
  const retry = useRetryGroup(group.fingerprint, group.flow_id);
  const count = plan.data?.retried ?? 0;
  return (
    <Modal
      opened
      onClose={onClose}
      size={520}
      title={<Text fw={620}>{dialog.title}</Text>}
      closeButtonProps={{ 'aria-label': common.actions.close }}
    >
      <Stack gap="md">
        <Text size="sm" c="var(--ink-soft)">
          {group.message}
        </Text>
        {retry.data ? (
          <Done result={retry.data} group={group} />
        ) : (
          <>
            <Radio.Group aria-label={dialog.modes} value={mode} onChange={(value) => setMode(value as RetryMode)}>
              <div className={classes.choices}>
                <Radio value="from_failed" label={dialog.fromFailed} description={dialog.fromFailedDetail} />
                <Radio value="from_start" label={dialog.fromStart} description={dialog.fromStartDetail} />
              </div>
            </Radio.Group>
            <div aria-live="polite">
              {plan.isPending && <Text size="sm">{dialog.counting}</Text>}
              {plan.data && (
                <Outcome result={plan.data} told={count ? dialog.would(count) : dialog.none} left={dialog.skipped} />
              )}
            </div>
            {plan.isError && <ProblemCard problem={plan.error} onRetry={() => void plan.refetch()} />}
            {retry.isError && <ProblemCard problem={retry.error} />}
          </>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {retry.data ? common.actions.close : common.actions.cancel}
          </Button>
          {!retry.data && (
            <ReasonedButton
              reason={plan.data && count === 0 ? dialog.nothing : null}
              loading={retry.isPending || plan.isPending}
              onClick={() => retry.mutate(mode)}
            >
              {dialog.run(count)}
            </ReasonedButton>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function Done({ result, group }: { result: RetriedMany; group: FailureGroup }) {
  return (
    <>
      <Outcome result={result} told={texts.dialog.done(result.retried)} left={texts.dialog.left} />
      {result.retried > 0 && (
        <Anchor component={Link} to="/executions" search={{ flow: group.flow_id } as never} size="sm">
          {texts.dialog.follow}
        </Anchor>
      )}
    </>
  );
}

interface OutcomeProps {
  result: RetriedMany;
  told: string;
  left: (count: number) => string;
}

/** How many, and why not the others. */
function Outcome({ result, told, left }: OutcomeProps) {
  const reasons = reasonsOf(result);
  return (
    <div>
      <Text size="sm" fw={550}>
        {told}
      </Text>
      {result.matched === RETRIED_MAX && <Text size="sm">{texts.dialog.limit(RETRIED_MAX)}</Text>}
      {reasons.length > 0 && (
        <>
          <Text size="sm">{left(result.skipped)}</Text>
          <ul className={classes.reasons}>
            {reasons.map(({ reason, count }) => (
              <li key={reason}>
                {count.toLocaleString('en')} × {reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

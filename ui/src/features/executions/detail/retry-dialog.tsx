import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type RetryMode, retryExecution } from '@/api/executions';
import type { Execution } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { idempotencyKey } from '@/lib/keys';
import { texts as common } from '@/lib/texts';
import { advisedMode } from './advised-mode';
import { executionQuery, retryPlanQuery } from './queries';
import classes from './retry-dialog.module.css';
import { RetryPlanList } from './retry-plan-list';
import { texts } from './texts';

interface RetryDialogProps {
  execution: Execution;
  onClose: () => void;
}

const CHOICES: readonly { mode: RetryMode; label: string; detail: string }[] = [
  { mode: 'from_failed', label: texts.retry.fromFailed, detail: texts.retry.fromFailedDetail },
  { mode: 'from_start', label: texts.retry.fromStart, detail: texts.retry.fromStartDetail },
];

/** Retries an execution: where to begin, what will run, and then over to the new one. */
export function RetryDialog({ execution, onClose }: RetryDialogProps) {
  const { id, retried_by: before } = execution;
  const [mode, setMode] = useState<RetryMode>(() => advisedMode(execution));
  // One dialog is one intent: however often it is pressed, one execution comes of it for each way to begin.
  const [keys] = useState(() => ({ from_start: idempotencyKey(), from_failed: idempotencyKey() }));
  const plan = useQuery(retryPlanQuery(id, mode));
  const navigate = useNavigate();
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () => retryExecution(id, mode, keys[mode]),
    onSuccess: (executionId) => {
      queries.setQueryData(
        executionQuery(id).queryKey,
        (old) => old && { ...old, retried_by: [...new Set([...old.retried_by, executionId])] },
      );
      // Nothing is fetched again until it is shown again: this page is about to close.
      void queries.invalidateQueries({ queryKey: ['executions'], refetchType: 'none' });
      onClose();
      void navigate({ to: '/executions/$executionId', params: { executionId } });
    },
  });

  return (
    <Modal
      opened
      onClose={onClose}
      title={<Text fw={620}>{texts.retry.title}</Text>}
      size={520}
      closeButtonProps={{ 'aria-label': common.actions.close }}
    >
      <Stack gap="md">
        <Text size="sm" c="var(--ink-soft)">
          {texts.retry.intro}
          {before.length > 0 && ` ${texts.retry.again(before.length)}`}
        </Text>
        <Radio.Group value={mode} onChange={(value) => setMode(value as RetryMode)} aria-label={texts.retry.modes}>
          <div className={classes.choices}>
            {CHOICES.map((choice) => (
              <Radio.Card key={choice.mode} value={choice.mode} className={classes.choice}>
                <Radio.Indicator size="xs" />
                <span>
                  <span className={classes.label}>{choice.label}</span>
                  <span className={classes.detail}>{choice.detail}</span>
                </span>
              </Radio.Card>
            ))}
          </div>
        </Radio.Group>
        {plan.isError ? (
          <ProblemCard problem={plan.error} onRetry={() => void plan.refetch()} />
        ) : (
          <RetryPlanList plan={plan.data ?? null} nodes={execution.node_executions} />
        )}
        {retry.isError && <ProblemCard problem={retry.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common.actions.cancel}
          </Button>
          <Button
            data-autofocus
            loading={retry.isPending}
            leftSection={<IconRefresh size={14} aria-hidden />}
            onClick={() => retry.mutate()}
          >
            {texts.retry.submit}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

import { Button, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconArrowUpRight, IconBan, IconBolt, IconPlayerPause, IconPlayerPlay, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { healthQuery } from '@/api/health';
import type { Execution } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import { isFinished, isRetryable } from '@/components/status';
import { whyNotCancel, whyNotPause } from './reasons';
import { RetryDialog } from './retry-dialog';
import { texts } from './texts';
import { useControl, useKillEngine } from './use-control';
import { useExecutionCommands } from './use-execution-commands';

interface ActionsProps {
  execution: Execution;
}

/** Actions on an execution: retry it after its end; pause, resume or cancel it before. */
export function Actions({ execution }: ActionsProps) {
  const control = useControl(execution.id);
  const killing = useKillEngine();
  const health = useQuery(healthQuery());
  const [isRetrying, retry] = useDisclosure(false);
  const controls = useMay('control_executions');
  const kills = useMay('kill_engine');
  const runs = useMay('run_flows');
  const busy = controls.why ?? (control.isPending ? texts.reasons.working : null);
  const isOver = isFinished(execution.status);
  const isPaused = execution.status === 'paused';
  const isUndoing = Boolean(execution.ending_as);
  const confirmCancel = () =>
    modals.openConfirmModal({
      title: isUndoing ? texts.actions.stopUndoingTitle : texts.actions.cancelTitle,
      children: <Text size="sm">{isUndoing ? texts.actions.stopUndoingDetail : texts.actions.cancelDetail}</Text>,
      labels: {
        confirm: isUndoing ? texts.actions.stopUndoing : texts.actions.cancelConfirm,
        cancel: texts.actions.cancelKeep,
      },
      confirmProps: { color: 'red' },
      onConfirm: () => control.mutate(isUndoing ? 'stop-compensation' : 'cancel'),
    });

  useExecutionCommands({
    execution,
    notControllable: busy,
    notRunnable: runs.why,
    onRetry: retry.open,
    onCancel: confirmCancel,
    onControl: control.mutate,
  });

  return (
    <>
      {!isOver && (
        <ReasonedButton
          variant="default"
          leftSection={isPaused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
          reason={busy ?? (isPaused ? null : whyNotPause(execution))}
          hint={isPaused ? texts.actions.resumeHint : texts.actions.pauseHint}
          onClick={() => control.mutate(isPaused ? 'resume' : 'pause')}
        >
          {isPaused ? texts.actions.resume : texts.actions.pause}
        </ReasonedButton>
      )}
      {!isOver && (
        <ReasonedButton
          variant="default"
          leftSection={<IconBan size={14} aria-hidden />}
          reason={busy ?? whyNotCancel(execution)}
          hint={isUndoing ? texts.actions.stopUndoingHint : texts.actions.cancelHint}
          onClick={confirmCancel}
        >
          {isUndoing ? texts.actions.stopUndoing : texts.actions.cancel}
        </ReasonedButton>
      )}
      {!isOver && health.data?.is_demo && (
        <ReasonedButton
          variant="default"
          color="red"
          leftSection={<IconBolt size={14} aria-hidden />}
          reason={kills.why ?? (killing.isPending ? texts.reasons.working : null)}
          hint={texts.actions.killHint}
          onClick={() => killing.mutate()}
        >
          {texts.actions.kill}
        </ReasonedButton>
      )}
      {isRetryable(execution.status) && execution.runs_body && execution.parent_id && (
        <Tooltip label={texts.children.body}>
          <Button
            component="a"
            variant="default"
            leftSection={<IconArrowUpRight size={14} aria-hidden />}
            renderRoot={(props) => (
              <Link
                {...props}
                to="/executions/$executionId"
                params={{ executionId: execution.parent_id ?? '' }}
                search={{ node: execution.parent_node_id ?? undefined }}
              />
            )}
          >
            {texts.children.toParent}
          </Button>
        </Tooltip>
      )}
      {isRetryable(execution.status) && !execution.runs_body && (
        <ReasonedButton
          reason={runs.why}
          // Once it was retried, its retry is what matters.
          variant={execution.retried_by.length > 0 ? 'default' : 'filled'}
          leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={retry.open}
          aria-haspopup="dialog"
        >
          {texts.actions.retry}
        </ReasonedButton>
      )}
      {isRetrying && <RetryDialog execution={execution} onClose={retry.close} />}
    </>
  );
}

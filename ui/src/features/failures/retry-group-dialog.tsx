import { Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { RetryMode } from '@/api/executions';
import type { FailureGroup } from '@/api/reports';
import { texts as common } from '@/lib/texts';
import { useRetryGroup } from './queries';
import classes from './retry-dialog.module.css';
import { RetryPlan } from './retry-plan';
import { RetryResult } from './retry-result';
import { texts } from './texts';

interface RetryGroupDialogProps {
  group: FailureGroup;
  /** Whether the page is limited to a period. */
  isNarrow: boolean;
  onClose: () => void;
}

/** Retries a group in batches: shows the plan, retries, and shows the progress of the new executions. */
export function RetryGroupDialog({ group, isNarrow, onClose }: RetryGroupDialogProps) {
  const [mode, setMode] = useState<RetryMode>('from_failed');
  const [before, setBefore] = useState<string | undefined>();
  const batch = { fingerprint: group.fingerprint, flow: group.flow_id, before };
  const retry = useRetryGroup(batch);
  const goOn = (next: string) => {
    setBefore(next);
    retry.reset();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size={560}
      title={<Text fw={620}>{texts.dialog.title}</Text>}
      closeButtonProps={{ 'aria-label': common.actions.close }}
    >
      <Stack gap="md">
        <p className={classes.message}>{group.message}</p>
        {retry.data ? (
          <RetryResult result={retry.data} flow={group.flow_id} onNext={goOn} onClose={onClose} />
        ) : (
          <RetryPlan
            batch={batch}
            mode={mode}
            isNarrow={isNarrow}
            isRunning={retry.isPending}
            problem={retry.error}
            onMode={setMode}
            onRun={() => retry.mutate(mode)}
            onClose={onClose}
          />
        )}
      </Stack>
    </Modal>
  );
}

import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { texts } from './texts';

interface RunButtonProps {
  flow: Flow;
  onRun: () => void;
  /** Only the icon, for dense lists. */
  isCompact?: boolean;
}

/** Runs a flow, or says why it cannot be run. */
export function RunButton({ flow, onRun, isCompact }: RunButtonProps) {
  const { why } = useMay('run_flows');
  const isStopped = flow.status === 'paused' || flow.status === 'archived';
  const reason = why ?? (isStopped ? texts.actions.stopped(flow.status) : null);
  const state = {
    'data-disabled': reason !== null || undefined,
    'aria-disabled': reason !== null,
    'aria-description': reason ?? undefined,
    onClick: reason === null ? onRun : undefined,
    'aria-label': `${texts.actions.run}: ${flow.name}`,
  };
  return (
    <Tooltip label={reason ?? texts.actions.run} disabled={!reason && !isCompact}>
      {isCompact ? (
        <ActionIcon {...state} variant="default" size={28}>
          <IconPlayerPlay size={15} aria-hidden />
        </ActionIcon>
      ) : (
        <Button {...state} variant="default" leftSection={<IconPlayerPlay size={14} aria-hidden />}>
          {texts.actions.run}
        </Button>
      )}
    </Tooltip>
  );
}

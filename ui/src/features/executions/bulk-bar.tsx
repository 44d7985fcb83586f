import { ActionIcon, Button } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react';
import type { BulkAction } from '@/api/executions';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import classes from './bulk.module.css';
import { bulkTexts as texts } from './bulk-texts';
import type { Selection } from './selection';

interface BulkBarProps {
  selection: Selection;
  /** Whether more match than are selected. */
  canSelectAll: boolean;
  onSelectAll: () => void;
  onAction: (action: BulkAction) => void;
  onClear: () => void;
}

const ACTIONS = [
  { action: 'retry', icon: IconRefresh, needs: 'run_flows' },
  { action: 'pause', icon: IconPlayerPause, needs: 'control_executions' },
  { action: 'resume', icon: IconPlayerPlay, needs: 'control_executions' },
  { action: 'cancel', icon: IconX, needs: 'control_executions' },
] as const;

/** What can be done with the selected executions. It lies over the end of the list, so that nothing moves. */
export function BulkBar({ selection, canSelectAll, onSelectAll, onAction, onClear }: BulkBarProps) {
  return (
    <div className={classes.bar} role="toolbar" aria-label={texts.toolbar}>
      <strong className={classes.count} aria-live="polite">
        {selection.isAll ? texts.selectedAll : texts.selected(selection.ids.size)}
      </strong>
      {canSelectAll && !selection.isAll && (
        <Button variant="subtle" size="compact-sm" onClick={onSelectAll}>
          {texts.selectAll}
        </Button>
      )}
      <span className={classes.actions}>
        {ACTIONS.map(({ action, icon: Icon, needs }) => (
          <BulkButton key={action} needs={needs} onClick={() => onAction(action)} icon={<Icon size={14} aria-hidden />}>
            {texts.actions[action]}
          </BulkButton>
        ))}
      </span>
      <ActionIcon aria-label={texts.clear} onClick={onClear}>
        <IconX size={16} aria-hidden />
      </ActionIcon>
    </div>
  );
}

interface BulkButtonProps {
  needs: 'run_flows' | 'control_executions';
  icon: React.ReactNode;
  onClick: () => void;
  children: string;
}

function BulkButton({ needs, icon, onClick, children }: BulkButtonProps) {
  const { why } = useMay(needs);
  return (
    <ReasonedButton reason={why} size="compact-sm" variant="default" leftSection={icon} onClick={onClick}>
      {children}
    </ReasonedButton>
  );
}

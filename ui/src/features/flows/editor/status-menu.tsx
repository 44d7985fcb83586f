import { Menu, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconArchive, IconChevronDown, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { setFlowStatus } from '@/api/flows';
import { toProblem } from '@/api/problem';
import type { Flow, FlowStatus } from '@/api/types';
import { useMay } from '@/api/use-may';
import { useCommands } from '@/components/commands/page-commands';
import type { Tone } from '@/components/status';
import { texts } from './texts';
import classes from './toolbar.module.css';

const TONES: Record<FlowStatus, Tone> = {
  draft: 'neutral',
  active: 'success',
  paused: 'attention',
  archived: 'muted',
};

const MOVES = [
  {
    to: 'active',
    label: texts.status.activate,
    detail: texts.status.activateDetail,
    icon: IconPlayerPlay,
  },
  { to: 'paused', label: texts.status.pause, detail: texts.status.pauseDetail, icon: IconPlayerPause },
  { to: 'archived', label: texts.status.archive, detail: texts.status.archiveDetail, icon: IconArchive },
] as const;

/** The flow's status, and the statuses it can change to. It is not part of the draft: it changes at once. */
export function StatusMenu({ flow }: { flow: Flow }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (status: FlowStatus) => setFlowStatus(flow.id, status),
    onSettled: () => queries.invalidateQueries({ queryKey: ['flows'] }),
    onError: (error) => {
      const { title, detail } = toProblem(error);
      notifications.show({ title, message: detail, color: 'red' });
    },
  });
  const { may, why } = useMay('edit_flows');
  useCommands(
    MOVES.filter(({ to }) => to !== flow.status).map(({ to, label, detail, icon }) => ({
      id: `status-${to}`,
      group: texts.commands.title,
      label: texts.commands.status(label),
      detail,
      icon,
      reason: why,
      run: () => change.mutate(to),
    })),
  );
  const status = change.isPending ? change.variables : flow.status;
  if (!may) {
    return (
      <Tooltip label={why}>
        <button
          type="button"
          className={classes.status}
          data-tone={TONES[status]}
          aria-disabled
          aria-description={why ?? undefined}
        >
          {texts.status[status]}
        </button>
      </Tooltip>
    );
  }
  return (
    <Menu position="bottom-start" width={280} withinPortal>
      <Menu.Target>
        <button type="button" className={classes.status} data-tone={TONES[status]} title={texts.status.change}>
          {texts.status[status]}
          <IconChevronDown size={13} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {MOVES.filter(({ to }) => to !== flow.status).map(({ to, label, detail, icon: Icon }) => (
          <Menu.Item key={to} leftSection={<Icon size={15} aria-hidden />} onClick={() => change.mutate(to)}>
            {label}
            <div className={classes.itemDetail}>{detail}</div>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

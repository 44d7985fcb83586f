import { ActionIcon, Menu } from '@mantine/core';
import {
  IconActivityHeartbeat,
  IconArchive,
  IconCopy,
  IconDots,
  IconDownload,
  IconFolderSymlink,
  IconForms,
  IconHistory,
  IconMessage,
  IconPencil,
  IconPlayerPause,
  IconRocket,
  IconSettings,
  IconTemplate,
  IconTrash,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { pagesOf } from '@/components/page-links';
import { texts as common } from '@/lib/texts';
import classes from './flow-menu.module.css';
import { texts } from './texts';
import { type FlowCommand, useFlowCommands } from './use-flow-commands';

interface FlowMenuProps {
  flow: Flow;
  onCommand: (command: FlowCommand, flow: Flow) => void;
}

/** All actions on a flow. */
export function FlowMenu({ flow, onCommand }: FlowMenuProps) {
  const commands = useFlowCommands(flow);
  const { may, why } = useMay('edit_flows');
  const { actions } = texts;
  const { hasForm, hasChat } = pagesOf(flow);
  return (
    <Menu position="bottom-end" width={210} withinPortal>
      <Menu.Target>
        <ActionIcon size={28} aria-label={actions.more(flow.name)}>
          <IconDots size={17} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconSettings size={15} aria-hidden />} onClick={() => onCommand('settings', flow)}>
          {actions.settings}
        </Menu.Item>
        <Menu.Item
          component={Link}
          to="/flows/$flowId"
          params={{ flowId: flow.id } as never}
          leftSection={<IconPencil size={15} aria-hidden />}
        >
          {actions.edit}
        </Menu.Item>
        <Menu.Item
          component={Link}
          to="/executions"
          search={{ flow: flow.id } as never}
          leftSection={<IconActivityHeartbeat size={15} aria-hidden />}
        >
          {actions.executions}
        </Menu.Item>
        <Menu.Item leftSection={<IconHistory size={15} aria-hidden />} onClick={() => onCommand('versions', flow)}>
          {actions.versions}
        </Menu.Item>
        {hasForm && (
          <Menu.Item
            component={Link}
            to="/form/$flowId"
            params={{ flowId: flow.id } as never}
            leftSection={<IconForms size={15} aria-hidden />}
          >
            {common.pages.form}
          </Menu.Item>
        )}
        {hasChat && (
          <Menu.Item
            component={Link}
            to="/chat/$flowId"
            params={{ flowId: flow.id } as never}
            leftSection={<IconMessage size={15} aria-hidden />}
          >
            {common.pages.chat}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconDownload size={15} aria-hidden />} onClick={commands.export}>
          {actions.export}
        </Menu.Item>
        {may ? <Changes flow={flow} onCommand={onCommand} /> : <Menu.Label>{why}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Actions that change the flow, or make another one of it. */
function Changes({ flow, onCommand }: FlowMenuProps) {
  const commands = useFlowCommands(flow);
  const { actions } = texts;
  return (
    <>
      <Menu.Divider />
      {flow.status !== 'active' && (
        <Menu.Item leftSection={<IconRocket size={15} aria-hidden />} onClick={() => commands.setStatus('active')}>
          {actions.activate}
        </Menu.Item>
      )}
      {flow.status === 'active' && (
        <Menu.Item leftSection={<IconPlayerPause size={15} aria-hidden />} onClick={() => commands.setStatus('paused')}>
          {actions.pause}
        </Menu.Item>
      )}
      {flow.status !== 'archived' && (
        <Menu.Item leftSection={<IconArchive size={15} aria-hidden />} onClick={() => commands.setStatus('archived')}>
          {actions.archive}
        </Menu.Item>
      )}
      <Menu.Divider />
      {flow.is_template && (
        <Menu.Item leftSection={<IconTemplate size={15} aria-hidden />} onClick={commands.instantiate}>
          {actions.use}
        </Menu.Item>
      )}
      <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={commands.duplicate}>
        {actions.duplicate}
      </Menu.Item>
      <Menu.Item leftSection={<IconFolderSymlink size={15} aria-hidden />} onClick={() => onCommand('move', flow)}>
        {actions.move}
      </Menu.Item>
      <Menu.Item
        className={classes.danger}
        leftSection={<IconTrash size={15} aria-hidden />}
        onClick={() => onCommand('delete', flow)}
      >
        {actions.delete}
      </Menu.Item>
    </>
  );
}

import { IconBan, IconBox, IconPlayerPause, IconPlayerPlay, IconRefresh, IconSitemap } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { Control } from '@/api/executions';
import type { Execution } from '@/api/types';
import type { Command } from '@/components/commands/command';
import { useCommands } from '@/components/commands/page-commands';
import { isFinished, isRetryable } from '@/components/status';
import { whyNotCancel, whyNotPause } from './reasons';
import { texts } from './texts';

interface ExecutionCommands {
  execution: Execution;
  /** Why it cannot be controlled, or retried; `null` where it can. */
  notControllable: string | null;
  notRunnable: string | null;
  onRetry: () => void;
  onCancel: () => void;
  onControl: (control: Control) => void;
}

/** Offers in the palette what can be done with an execution, and the nodes to go to. */
export function useExecutionCommands(props: ExecutionCommands): void {
  const navigate = useNavigate();
  const { execution } = props;
  const openFlow = {
    label: texts.commands.openFlow(execution.flow_name),
    icon: IconSitemap,
    run: () => void navigate({ to: '/flows/$flowId', params: { flowId: execution.flow_id } }),
  };
  const offered = [...controls(props), openFlow];
  const nodes = execution.node_executions ?? [];
  useCommands([
    ...offered.map((command) => ({ ...command, id: `execution-${command.label}`, group: texts.commands.title })),
    ...nodes.map((node) => ({
      id: `node-${node.node_id}`,
      group: texts.commands.nodes,
      label: node.node_name || node.node_id,
      detail: node.node_type,
      icon: IconBox,
      isSearched: true,
      run: () =>
        void navigate({
          to: '/executions/$executionId',
          params: { executionId: execution.id },
          search: { node: node.node_id },
        }),
    })),
  ]);
}

function controls({
  execution,
  notControllable,
  notRunnable,
  ...on
}: ExecutionCommands): Omit<Command, 'id' | 'group'>[] {
  const { actions } = texts;
  if (isRetryable(execution.status) && !execution.runs_body) {
    return [{ label: actions.retry, icon: IconRefresh, reason: notRunnable, run: on.onRetry }];
  }
  if (isFinished(execution.status)) return [];
  const isPaused = execution.status === 'paused';
  const pause = isPaused
    ? { label: actions.resume, icon: IconPlayerPlay, reason: notControllable, run: () => on.onControl('resume') }
    : {
        label: actions.pause,
        icon: IconPlayerPause,
        reason: notControllable ?? whyNotPause(execution),
        run: () => on.onControl('pause'),
      };
  const cancel = {
    label: execution.ending_as ? actions.stopUndoing : actions.cancel,
    icon: IconBan,
    reason: notControllable ?? whyNotCancel(execution),
    run: on.onCancel,
  };
  return [pause, cancel];
}

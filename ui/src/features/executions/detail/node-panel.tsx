import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { Execution, NodeExecution } from '@/api/types';
import { Prose } from '@/components/prose';
import { isFinished, nodeStatusKey } from '@/components/status';
import { StatusBadge } from '@/components/status-badge';
import { ValueView } from '@/components/value-view';
import { AttemptsTable } from './attempts-table';
import { DecideForm } from './decide-form';
import classes from './node-panel.module.css';
import { NodeTiming } from './node-timing';
import { NodeWait } from './node-wait';
import { Section } from './section';
import { texts } from './texts';

interface NodePanelProps {
  execution: Execution;
  node: NodeExecution;
  /** Whether the node was selected automatically, because something happens there. */
  isFollowing: boolean;
  onClose: (() => void) | null;
}

/** Everything about one node: attempts, error, input and output. */
export function NodePanel({ execution, node, isFollowing, onClose }: NodePanelProps) {
  const file = `${node.node_id}-${execution.id.slice(-8)}`;
  const isOver = isFinished(node.status);
  // The error that ended the execution is already shown above the tabs.
  const isToldAbove = Boolean(execution.error_message) && execution.current_node_id === node.node_id;
  return (
    <>
      <header className={classes.head}>
        <div className={classes.titles}>
          <h2 className={classes.title}>{node.node_name}</h2>
          <span className={classes.type}>
            {node.node_type}
            {isFollowing && !isFinished(execution.status) && ` · ${texts.node.following}`}
          </span>
        </div>
        <StatusBadge status={nodeStatusKey(node)} />
        {onClose && (
          <ActionIcon size="sm" onClick={onClose} aria-label={texts.node.close}>
            <IconX size={15} aria-hidden />
          </ActionIcon>
        )}
      </header>
      {node.waiting_for === 'decision' ? (
        <DecideForm executionId={execution.id} node={node} />
      ) : (
        <NodeWait execution={execution} node={node} />
      )}
      {node.error_message && !isToldAbove && (
        <Section title={texts.node.error}>
          <pre className={classes.error}>
            <Prose text={node.error_message} />
          </pre>
        </Section>
      )}
      <AttemptsTable node={node} />
      <Section title={texts.node.input}>
        <Value value={node.input_data} none={texts.node.noInput} fileName={`${file}-input.json`} />
      </Section>
      <Section title={texts.node.output}>
        <Value
          value={node.output_data}
          none={isOver ? texts.node.neverOutput : texts.node.noOutput}
          fileName={`${file}-output.json`}
        />
      </Section>
      <NodeTiming node={node} />
    </>
  );
}

function Value({ value, none, fileName }: { value: unknown; none: string; fileName: string }) {
  if (value === null || value === undefined) return <p className={classes.none}>{none}</p>;
  return <ValueView value={value} fileName={fileName} />;
}

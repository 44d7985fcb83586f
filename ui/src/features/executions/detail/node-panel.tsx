import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { Revealed } from '@/api/reveal';
import type { Execution, ExecutionStatus, JournalEvent, NodeExecution } from '@/api/types';
import { CopyLink } from '@/components/marked';
import { Prose } from '@/components/prose';
import { SensitiveValue } from '@/components/sensitive-value';
import { isFinished, nodeStatusKey } from '@/components/status';
import { StatusBadge } from '@/components/status-badge';
import { AskedSection } from './asked-section';
import { AttemptsTable } from './attempts-table';
import { ChildrenSection } from './children-section';
import { ConversationSection } from './conversation-section';
import { DecideForm } from './decide-form';
import { ForkButton } from './fork-button';
import classes from './node-panel.module.css';
import { NodeTiming } from './node-timing';
import { NodeWait } from './node-wait';
import { Section } from './section';
import { texts } from './texts';

interface NodePanelProps {
  execution: Execution;
  journal: readonly JournalEvent[];
  node: NodeExecution;
  /** Whether the node was selected automatically, because something happens there. */
  isFollowing: boolean;
  onClose: (() => void) | null;
  shownChildren: ExecutionStatus | undefined;
  onShowChildren: (status: ExecutionStatus | undefined) => void;
}

/** Everything about one node: attempts, error, input and output, or the conversation with its agent. */
export function NodePanel(props: NodePanelProps) {
  const { execution, journal, node, isFollowing, onClose, shownChildren, onShowChildren } = props;
  const file = `${node.node_id}-${execution.id.slice(-8)}`;
  // The error that ended the execution is already shown above the tabs.
  const isToldAbove = Boolean(execution.error_message) && execution.current_node_id === node.node_id;
  return (
    <>
      <div className={classes.head}>
        <div className={classes.titles}>
          <h2 className={classes.title}>{node.node_name}</h2>
          <span className={classes.type}>
            {node.node_type}
            {isFollowing && !isFinished(execution.status) && ` · ${texts.node.following}`}
          </span>
        </div>
        <CopyLink />
        <StatusBadge status={nodeStatusKey(node)} />
        {onClose && (
          <ActionIcon size="sm" onClick={onClose} aria-label={texts.node.close}>
            <IconX size={15} aria-hidden />
          </ActionIcon>
        )}
      </div>
      <ForkButton key={node.node_id} execution={execution} node={node} />
      {node.waiting_for === 'decision' ? (
        <DecideForm executionId={execution.id} node={node} />
      ) : (
        node.node_type !== 'approval' && <NodeWait execution={execution} node={node} />
      )}
      {node.node_type === 'approval' && <AskedSection execution={execution} node={node} journal={journal} />}
      {node.error_message && !isToldAbove && (
        <Section title={texts.node.error}>
          <pre className={classes.error}>
            <Prose text={node.error_message} />
          </pre>
        </Section>
      )}
      {node.children && (
        <ChildrenSection
          execution={execution}
          node={node}
          counts={node.children}
          status={shownChildren}
          onStatus={onShowChildren}
        />
      )}
      {node.skill_used && node.attempts.length > 0 ? (
        <ConversationSection
          executionId={execution.id}
          node={node}
          seq={lastSeqOf(journal, node.node_id)}
          file={file}
          plain={<Work execution={execution} node={node} file={file} />}
        />
      ) : (
        <Work execution={execution} node={node} file={file} />
      )}
      <NodeTiming node={node} />
    </>
  );
}

/** The attempts of a node, and what goes in and comes out. What goes into an approval is shown where it is decided on. */
function Work({ execution, node, file }: { execution: Execution; node: NodeExecution; file: string }) {
  const part = (part: 'input' | 'output'): Revealed => ({ execution: execution.id, of: { node: node.node_id, part } });
  const isAsked = node.node_type === 'approval';
  return (
    <>
      {(!isAsked || node.attempts.length > 1) && <AttemptsTable node={node} />}
      {!isAsked && (
        <Section title={texts.node.input}>
          <Value
            value={node.input_data}
            revealed={part('input')}
            none={texts.node.noInput}
            fileName={`${file}-input.json`}
          />
        </Section>
      )}
      <Section title={texts.node.output}>
        <Value
          value={node.output_data}
          revealed={part('output')}
          none={isFinished(node.status) ? texts.node.neverOutput : texts.node.noOutput}
          fileName={`${file}-output.json`}
        />
      </Section>
    </>
  );
}

/** Returns the number of the last record that is about a node, or that ended the execution. */
function lastSeqOf(journal: readonly JournalEvent[], nodeId: string): number {
  const isMeant = (event: JournalEvent) =>
    event.type === 'finished' || ('node_id' in event && event.node_id === nodeId);
  return journal.findLast(isMeant)?.seq ?? 0;
}

interface ValueProps {
  value: unknown;
  revealed: Revealed;
  none: string;
  fileName: string;
}

function Value({ value, revealed, none, fileName }: ValueProps) {
  if (value === null || value === undefined) return <p className={classes.none}>{none}</p>;
  return <SensitiveValue value={value} revealed={revealed} fileName={fileName} />;
}

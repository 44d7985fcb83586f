import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import { nodeStatusKey, STATUS_LOOKS } from '@/components/status';
import { StatusIcon } from '@/components/status-icon';
import { Countdown } from './countdown';
import classes from './graph.module.css';
import { texts } from './texts';
import type { GraphNode } from './to-graph';

export type DrawnNode = Node<{ drawn: GraphNode }, 'flow-node'>;

/** A node in the graph: its status as tone, icon and label. */
export const GraphNodeView = memo(function GraphNodeView({ data: { drawn }, selected }: NodeProps<DrawnNode>) {
  const status = drawn.node ? nodeStatusKey(drawn.node) : 'pending';
  const { tone, label } = STATUS_LOOKS[status];
  return (
    <div className={classes.node} data-tone={tone} data-status={status} data-selected={selected || undefined}>
      <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
      <StatusIcon status={status} size={18} />
      <span className={classes.words}>
        <span className={classes.nodeName} title={drawn.name}>
          {drawn.name}
        </span>
        <span className={classes.nodeLine}>
          {status === 'retrying' ? (
            <Countdown to={drawn.node?.next_retry_at} text={texts.waterfall.retryIn} due={texts.waterfall.retryDue} />
          ) : (
            (wordOf(drawn.node) ?? label) + attemptsText(drawn)
          )}
        </span>
      </span>
      <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
    </div>
  );
});

/** Returns a word that is more specific than the status: the output was reused, or the node never ran. */
function wordOf(node: GraphNode['node']): string | null {
  if (node?.edited) return texts.waterfall.edited;
  if (node?.reused) return texts.waterfall.reused;
  return node?.status === 'cancelled' && !node.started_at ? texts.waterfall.neverRan : null;
}

function attemptsText({ node }: GraphNode): string {
  const count = node?.attempts.length ?? 0;
  return count > 1 ? texts.graph.times(count) : '';
}

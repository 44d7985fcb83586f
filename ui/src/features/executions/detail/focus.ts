import type { Execution, NodeExecution } from '@/api/types';
import { nodeStatusKey } from '@/components/status';

/** Returns the node to show when none is selected: one that needs a decision, failed, is running, or ran last. */
export function focusOf(execution: Execution): NodeExecution | undefined {
  const nodes = execution.node_executions;
  const current = nodes.find((node) => node.node_id === execution.current_node_id);
  return (
    nodes.find((node) => nodeStatusKey(node) === 'decision') ??
    (current?.status === 'failed' ? current : undefined) ??
    nodes.find((node) => node.status === 'failed') ??
    current ??
    nodes.find((node) => node.status === 'cancelled' && node.attempts.length > 0) ??
    lastEnded(nodes) ??
    nodes[0]
  );
}

function lastEnded(nodes: readonly NodeExecution[]): NodeExecution | undefined {
  const ended = nodes.filter((node) => node.status === 'completed' && node.completed_at);
  return ended.reduce<NodeExecution | undefined>(
    (last, node) => (last && String(last.completed_at) > String(node.completed_at) ? last : node),
    undefined,
  );
}

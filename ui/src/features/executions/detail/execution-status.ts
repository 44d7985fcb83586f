import type { Execution } from '@/api/types';
import { nodeStatusKey, type StatusKey } from '@/components/status';

/** Returns what to show for an execution: a decision or a retry is more specific than `running`. */
export function statusOf(execution: Execution): StatusKey {
  if (execution.recovered) return 'recovered';
  if (execution.status !== 'running') return execution.status;
  const nodes = execution.node_executions.map(nodeStatusKey);
  if (nodes.includes('decision')) return 'decision';
  if (execution.retrying) return 'retrying';
  // Nothing is running and something waits: a delay.
  return nodes.includes('waiting') && !nodes.includes('running') ? 'waiting' : 'running';
}

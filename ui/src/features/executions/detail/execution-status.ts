import type { Execution } from '@/api/types';
import { nodeStatusKey, type StatusKey } from '@/components/status';

/** What to show for an execution: that it waits for a person, or for a retry, says more than `running`. */
export function statusOf(execution: Execution): StatusKey {
  if (execution.recovered) return 'recovered';
  if (execution.status !== 'running') return execution.status;
  const nodes = execution.node_executions.map(nodeStatusKey);
  if (nodes.includes('decision')) return 'decision';
  if (execution.retrying) return 'retrying';
  // Nothing runs and something waits: a delay.
  return nodes.includes('waiting') && !nodes.includes('running') ? 'waiting' : 'running';
}

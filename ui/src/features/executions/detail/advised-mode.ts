/** Where a retry should start, as the advice about the failure says. */

import type { RetryMode } from '@/api/executions';
import type { ErrorClass, Execution } from '@/api/types';
import { own } from '@/lib/own';

/** Advice that names no place to start is left out: then what can be reused decides. */
const ADVISED: Partial<Record<ErrorClass, RetryMode>> = {
  connection: 'from_failed',
  rate_limited: 'from_failed',
  unavailable: 'from_failed',
  // The flow or the input must be corrected first, and only a start from the beginning uses the corrected flow.
  rejected: 'from_start',
  validation: 'from_start',
  expression: 'from_start',
  budget: 'from_start',
  output_too_large: 'from_start',
};

/** Returns whether an execution has failed because a person rejected something, or nobody decided in time. */
export function failedOnPerson({ status, current_node_id, node_executions }: Execution): boolean {
  const failed = node_executions.find((node) => node.node_id === current_node_id);
  return status === 'failed' && failed?.node_type === 'approval';
}

/** Returns what the dialog offers first: the advice or, without one, the failed node if there is something to reuse. */
export function advisedMode(execution: Execution): RetryMode {
  const { status, error_class, node_executions } = execution;
  if (failedOnPerson(execution)) return 'from_failed';
  const advised = status === 'failed' && error_class ? own(ADVISED, error_class) : undefined;
  const hasDone = node_executions.some((node) => node.status === 'completed' && node.node_type !== 'trigger');
  return advised ?? (hasDone ? 'from_failed' : 'from_start');
}

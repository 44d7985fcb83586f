/** Which step of the tour comes next, as the executions of its flow tell. */
import type { ExecutionRow } from '@/api/types';

export type Progress =
  | { step: 1 }
  | { step: 2; isRunning: boolean }
  | { step: 3; failed: string; isRunning: boolean }
  | { step: 'done' };

type Row = Pick<ExecutionRow, 'id' | 'status' | 'retry_of'>;

/** `rows` are the executions of the flow, newest first. */
export function progressOf(flow: string, rows: readonly Row[]): Progress {
  if (flow === '') return { step: 1 };
  const retries = rows.filter(({ retry_of }) => retry_of !== null);
  if (retries.some(({ status }) => status === 'completed')) return { step: 'done' };
  const failed = rows.find(({ status }) => status === 'failed');
  if (failed) return { step: 3, failed: failed.id, isRunning: retries.some(isUnfinished) };
  return { step: 2, isRunning: rows.some(isUnfinished) };
}

function isUnfinished({ status }: Row): boolean {
  return status === 'pending' || status === 'running' || status === 'paused';
}

import { queryOptions, replaceEqualDeep } from '@tanstack/react-query';
import { getExecution, getRetryPlan, type RetryMode } from '@/api/executions';
import type { Execution } from '@/api/types';

/** One execution. Events are merged into it as they come; an answer that was overtaken by them is dropped. */
export const executionQuery = (id: string) =>
  queryOptions({
    queryKey: ['executions', 'detail', id],
    queryFn: ({ signal }) => getExecution(id, signal),
    structuralSharing: (old, fresh) => newer(old as Execution | undefined, fresh as Execution),
  });

/** What a retry would run again and take over; asked anew whenever the dialog opens. */
export const retryPlanQuery = (id: string, mode: RetryMode) =>
  queryOptions({
    queryKey: ['executions', 'retry-plan', id, mode],
    queryFn: ({ signal }) => getRetryPlan(id, mode, signal),
    staleTime: 0,
  });

function newer(old: Execution | undefined, fresh: Execution): Execution {
  if (!old) return fresh;
  return fresh.seq < old.seq ? old : replaceEqualDeep(old, fresh);
}

import { queryOptions } from '@tanstack/react-query';
import { getExecution, listExecutions } from '@/api/executions';
import type { Execution } from '@/api/types';

/** The newest execution of a flow, or `null` if there is none. */
export const lastExecutionQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['executions', 'last', flowId],
    queryFn: async ({ signal }): Promise<Execution | null> => {
      const { rows } = await listExecutions({ flow_id: flowId }, null, signal, 1);
      return rows[0] ? getExecution(rows[0].id, signal) : null;
    },
    // A run that started since is the last one.
    staleTime: 0,
    gcTime: 0,
  });

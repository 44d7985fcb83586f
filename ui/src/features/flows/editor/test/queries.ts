import { queryOptions } from '@tanstack/react-query';
import { getExecution, listExecutions } from '@/api/executions';
import type { Execution } from '@/api/types';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import { TRIGGER } from './pins';

/** A value of an execution, and when the execution was created. */
export interface Executed {
  value: unknown;
  at: string;
}

/** How many executions are searched, newest first, for outputs that the last one does not have. */
const LOOKED_AT_MAX = 10;

/** The last output of each of these nodes and the last trigger data, as far as recent executions have them. */
export const lastOutputsQuery = (flow: string, names: readonly string[]) =>
  queryOptions({
    queryKey: ['executions', 'last-outputs', flow, names],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, Executed>> => {
      const { rows } = await listExecutions({ flow_id: flow }, null, signal, LOOKED_AT_MAX);
      const found = new Map<string, Executed>();
      for (const { id } of rows) {
        const missing = names.filter((name) => !found.has(name));
        if (missing.length === 0) break;
        const execution = await getExecution(id, signal);
        for (const name of missing) {
          const value = valueIn(execution, name);
          if (value !== undefined) found.set(name, { value, at: execution.created_at });
        }
      }
      return found;
    },
    staleTime: 10_000,
  });

function valueIn(execution: Execution, name: string): unknown {
  if (name === TRIGGER) return execution.trigger_data;
  const outputs = execution.execution_data;
  return isRecord(outputs) ? own(outputs, name) : undefined;
}

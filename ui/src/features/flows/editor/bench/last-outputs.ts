import { queryOptions } from '@tanstack/react-query';
import { getExecution, listExecutions } from '@/api/executions';
import { getFlow } from '@/api/flows';
import { previewOf, wholeValue } from '@/api/preview';
import type { Execution, FlowDefinition } from '@/api/types';
import { isRecord } from '@/lib/json';
import { type Executed, fingerprintOf } from './pin';
import { TRIGGER } from './pins';

/** How many executions are read, newest first, for outputs that the last one does not have. */
const LOOKED_AT_MAX = 5;
/** Longer values are not read. */
const BYTES_MAX = 1_000_000;

export type LastOutputs = ReadonlyMap<string, Executed>;

/** The last trigger data and the last output of each node, as far as the newest executions have them. */
export const lastOutputsQuery = (flow: string) =>
  queryOptions({
    queryKey: ['executions', 'last-outputs', flow],
    queryFn: async ({ signal }): Promise<LastOutputs> => {
      const { rows } = await listExecutions({ flow_id: flow }, null, signal, LOOKED_AT_MAX);
      const found = new Map<string, Executed>();
      const versions = new Map<number, Promise<FlowDefinition | null>>();
      for (const { id } of rows) {
        const execution = await getExecution(id, signal);
        const version = execution.flow_version;
        if (!versions.has(version)) versions.set(version, definitionIn(flow, version, signal));
        const definition = (await versions.get(version)) ?? null;
        for (const [name, value] of valuesIn(execution)) {
          if (found.has(name)) continue;
          const whole = await wholeOf(value);
          const node = definition?.nodes.find((one) => one.id === name);
          if (whole) found.set(name, { ...whole, at: execution.created_at, of: node ? fingerprintOf(node) : null });
        }
      }
      return found;
    },
    staleTime: 15_000,
  });

function valuesIn({ trigger_data, execution_data: outputs }: Execution): [string, unknown][] {
  return [[TRIGGER, trigger_data], ...(isRecord(outputs) ? Object.entries(outputs) : [])];
}

async function wholeOf(value: unknown): Promise<{ value: unknown } | null> {
  const preview = previewOf(value);
  if (!preview) return { value };
  return preview.bytes > BYTES_MAX ? null : { value: await wholeValue(preview) };
}

/** Returns the graph of a version; `null` where it cannot be read, so that it is not known what changed since. */
async function definitionIn(flow: string, version: number, signal: AbortSignal): Promise<FlowDefinition | null> {
  try {
    return (await getFlow(flow, version, signal)).flow_definition;
  } catch {
    return null;
  }
}

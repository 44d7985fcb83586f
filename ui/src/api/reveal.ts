/** Values of executions with their sensitive data, for those who may see it. Each request is in the audit log. */
import { isRecord } from '@/lib/json';
import { call } from './client';
import { asWhole } from './preview';

/** What stands for a value that is not shown. */
const MASK = '[sensitive]';

/** Which value of an execution. */
export interface Revealed {
  execution: string;
  of: 'trigger-data' | 'result' | { node: string; part: 'input' | 'output' };
}

/** Returns whether something in a value is masked. */
export function isMasked(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(MASK);
  if (Array.isArray(value)) return value.some(isMasked);
  return isRecord(value) && Object.entries(value).some(([key, field]) => key.includes(MASK) || isMasked(field));
}

/** Returns the value as it is. */
export async function reveal({ execution: id, of }: Revealed): Promise<unknown> {
  return asWhole(await read(id, of));
}

async function read(id: string, of: Revealed['of']): Promise<unknown> {
  const whole = { path: { id } };
  if (of === 'trigger-data') return (await call('POST', '/studio/executions/{id}/trigger-data/reveal', whole)).data;
  if (of === 'result') return (await call('POST', '/studio/executions/{id}/result/reveal', whole)).data;
  const ofNode = { path: { id, node_id: of.node } };
  if (of.part === 'input') {
    return (await call('POST', '/studio/executions/{id}/nodes/{node_id}/input/reveal', ofNode)).data;
  }
  return (await call('POST', '/studio/executions/{id}/nodes/{node_id}/output/reveal', ofNode)).data;
}

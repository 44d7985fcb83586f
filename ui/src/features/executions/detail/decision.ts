import type { Decision } from '@/api/executions';
import { parseJsonOr } from '@/lib/json';

/** The content of the form. */
export interface Draft {
  kind: 'retry' | 'complete' | 'fail';
  output: string;
  message: string;
}

/** Returns what to send; `null` while the output is not valid JSON. */
export function toDecision({ kind, output, message }: Draft): Decision | null {
  if (kind === 'retry') return { decision: 'retry' };
  if (kind === 'fail') return { decision: 'fail', ...(message.trim() && { message: message.trim() }) };
  const value = parseJsonOr(output);
  return value === undefined ? null : { decision: 'complete', output: value };
}

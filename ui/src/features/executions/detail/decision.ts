import type { Decision } from '@/api/executions';
import type { Json } from '@/api/types';

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
  try {
    return { decision: 'complete', output: JSON.parse(output) as Json };
  } catch {
    return null;
  }
}

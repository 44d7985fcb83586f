/** Every error class: its label, its meaning, and whether it is retried by default. */

import type { ErrorClass } from '@/api/types';
import { own } from '@/lib/own';

export interface ErrorClassLook {
  label: string;
  meaning: string;
  retried: boolean;
}

const ERROR_CLASSES: Readonly<Record<ErrorClass, ErrorClassLook>> = {
  timeout: { label: 'Timeout', meaning: 'The attempt took longer than its timeout.', retried: true },
  connection: { label: 'Connection', meaning: 'The remote service could not be reached.', retried: true },
  rate_limited: {
    label: 'Rate limited',
    meaning: 'The remote service limits the request rate (HTTP 429).',
    retried: true,
  },
  unavailable: { label: 'Unavailable', meaning: 'The remote service failed (HTTP 5xx, 408, 425).', retried: true },
  rejected: {
    label: 'Rejected',
    meaning: 'The remote service refused the request (HTTP 4xx), or a person did.',
    retried: false,
  },
  tool: { label: 'Tool', meaning: 'An MCP tool reported an error.', retried: true },
  model_output: {
    label: 'Model output',
    meaning: 'The model’s response did not match the output schema.',
    retried: true,
  },
  guardrail: {
    label: 'Guardrail',
    meaning: 'A guardrail of an agent refused its input, the arguments of a tool or its output.',
    retried: false,
  },
  validation: { label: 'Validation', meaning: 'The input is not valid for this node.', retried: false },
  expression: { label: 'Expression', meaning: 'A template or a condition could not be evaluated.', retried: false },
  configuration: {
    label: 'Configuration',
    meaning: 'The node, its agent or a secret is not set up correctly.',
    retried: false,
  },
  script: {
    label: 'Code',
    meaning: 'The code of a node threw an error, passed one of its limits, or returned what is not JSON.',
    retried: false,
  },
  budget: { label: 'Budget', meaning: 'A limit of turns, tokens or cost is used up.', retried: false },
  cancelled: { label: 'Cancelled', meaning: 'A run that the node had started was cancelled.', retried: false },
  replaced: {
    label: 'Replaced',
    meaning: 'Another run took the session of the node, or has added a turn to it.',
    retried: false,
  },
  output_too_large: { label: 'Output too large', meaning: 'The output exceeds the size limit.', retried: false },
  internal: { label: 'Internal', meaning: 'A bug in Steadflow, or a “fail” node that names no class.', retried: true },
  interrupted: { label: 'Interrupted', meaning: 'The server stopped during the attempt.', retried: true },
};

export const ERROR_CLASS_NAMES = Object.keys(ERROR_CLASSES) as ErrorClass[];

/** Returns the look of a class; `undefined` for a class of a newer server. */
export function errorClassLook(name: string): ErrorClassLook | undefined {
  return own(ERROR_CLASSES, name);
}

export function errorClassLabel(name: string): string {
  return errorClassLook(name)?.label ?? name.replaceAll('_', ' ');
}

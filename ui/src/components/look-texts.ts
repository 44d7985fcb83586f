import { catalogue } from '@/lib/catalogue';

/** What statuses and error classes are called. */
export const texts = catalogue('looks', {
  statuses: {
    pending: 'Pending',
    running: 'Running',
    paused: 'Paused',
    completed: 'Completed',
    failed: 'Failed',
    cancelled: 'Cancelled',
    skipped: 'Skipped',
    retrying: 'Retrying',
    waiting: 'Waiting',
    decision: 'Needs a decision',
    recovered: 'Recovered',
  },
  flowStatuses: { draft: 'Draft', active: 'Active', paused: 'Paused', archived: 'Archived' },
  errorClasses: {
    timeout: { label: 'Timeout', meaning: 'The attempt took longer than its timeout.' },
    connection: { label: 'Connection', meaning: 'The remote service could not be reached.' },
    rate_limited: { label: 'Rate limited', meaning: 'The remote service limits the request rate (HTTP 429).' },
    unavailable: { label: 'Unavailable', meaning: 'The remote service failed (HTTP 5xx, 408, 425).' },
    rejected: { label: 'Rejected', meaning: 'The remote service refused the request (HTTP 4xx), or a person did.' },
    tool: { label: 'Tool', meaning: 'An MCP tool reported an error.' },
    model_output: { label: 'Model output', meaning: 'The model’s response did not match the output schema.' },
    guardrail: {
      label: 'Guardrail',
      meaning: 'A guardrail of an agent refused its input, the arguments of a tool or its output.',
    },
    validation: { label: 'Validation', meaning: 'The input is not valid for this node.' },
    expression: { label: 'Expression', meaning: 'A template or a condition could not be evaluated.' },
    configuration: { label: 'Configuration', meaning: 'The node, its agent or a secret is not set up correctly.' },
    script: {
      label: 'Code',
      meaning: 'The code of a node threw an error, passed one of its limits, or returned what is not JSON.',
    },
    budget: { label: 'Budget', meaning: 'A limit of turns, tokens or cost is used up.' },
    cancelled: { label: 'Cancelled', meaning: 'A run that the node had started was cancelled.' },
    replaced: { label: 'Replaced', meaning: 'Another run took the session of the node, or has added a turn to it.' },
    output_too_large: { label: 'Output too large', meaning: 'The output exceeds the size limit.' },
    internal: { label: 'Internal', meaning: 'A bug in Steadflow, or a “fail” node that names no class.' },
    interrupted: { label: 'Interrupted', meaning: 'The server stopped during the attempt.' },
  },
} as const);

import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

/** What kinds of nodes are called, and what a node shows of its settings. */
export const texts = catalogue('editor-looks', {
  kinds: {
    trigger: 'Trigger',
    agent: 'Agent',
    code: 'Code',
    condition: 'If',
    switch: 'Switch',
    delay: 'Delay',
    parallel: 'Parallel',
    merge: 'Merge',
    approval: 'Approval',
    wait_event: 'Event',
    map: 'Map',
    loop: 'Loop',
    subflow: 'Sub-flow',
    http_request: 'HTTP',
    transform: 'Transform',
    aggregate_results: 'Aggregate',
    echo: 'Echo',
    send_email: 'Email',
    slack_message: 'Slack',
    send_webhook: 'Webhook',
    mcp_tool: 'MCP tool',
    fail: 'Fail',
  },
  until: (time: string) => `until ${time}`,
  fields: (count: number) => counted(count, 'field'),
  nodes: (count: number) => counted(count, 'node'),
} as const);

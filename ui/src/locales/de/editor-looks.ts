import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

export default {
  kinds: {
    trigger: 'Auslöser',
    agent: 'Agent',
    code: 'Code',
    condition: 'Wenn',
    switch: 'Fallauswahl',
    delay: 'Verzögerung',
    parallel: 'Parallel',
    merge: 'Zusammenführen',
    approval: 'Freigabe',
    wait_event: 'Ereignis',
    map: 'Für jedes',
    loop: 'Schleife',
    subflow: 'Unterflow',
    http_request: 'HTTP',
    transform: 'Umformen',
    aggregate_results: 'Zusammenfassen',
    echo: 'Echo',
    send_email: 'E-Mail',
    slack_message: 'Slack',
    send_webhook: 'Webhook',
    mcp_tool: 'MCP-Werkzeug',
    fail: 'Fehlschlagen',
  },
  until: (time) => `bis ${time}`,
  fields: (count) => counted(count, 'Feld', 'Felder'),
  nodes: (count) => counted(count, 'Knoten', 'Knoten'),
} satisfies Translation<typeof import('@/features/flows/editor/canvas/look-texts').texts>;

import type { Translation } from '@/lib/catalogue';
import { formatNumber } from '@/lib/locale';

export default {
  kinds: {
    trigger: 'トリガー',
    agent: 'エージェント',
    code: 'コード',
    condition: '条件',
    switch: 'スイッチ',
    delay: '待機',
    parallel: '並列',
    merge: '合流',
    approval: '承認',
    wait_event: 'イベント',
    map: 'マップ',
    loop: 'ループ',
    subflow: 'サブフロー',
    http_request: 'HTTP',
    transform: '変換',
    aggregate_results: '集計',
    echo: 'エコー',
    send_email: 'メール',
    slack_message: 'Slack',
    send_webhook: 'Webhook',
    mcp_tool: 'MCP ツール',
    fail: '失敗',
  },
  until: (time) => `${time} まで`,
  fields: (count) => `${formatNumber(count)} 個のフィールド`,
  nodes: (count) => `${formatNumber(count)} 個のノード`,
} satisfies Translation<typeof import('@/features/flows/editor/canvas/look-texts').texts>;

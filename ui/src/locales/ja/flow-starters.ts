import type { Translation } from '@/lib/catalogue';

export default {
  empty: { label: '空', detail: 'トリガーだけ。' },
  call: {
    label: '再試行する HTTP 呼び出し',
    detail: 'URL を呼び出し、試行の間に 1、2、4 秒待ち、応答を変換します。',
  },
  branch: {
    label: '確認して分岐',
    detail: 'トリガーデータからリスクの値を読み、2 つの分岐のどちらかに進みます。',
  },
  ask: { label: '失敗の前に確認', detail: 'すべての試行が失敗した後、人の判断を待ちます。' },
  nodes: {
    start: '開始',
    fetch: '呼び出し',
    report: '報告',
    risky: 'リスクあり',
    refuse: '拒否',
    accept: '承諾',
    book: '予約',
  },
  imported: 'インポートしたフロー',
  noFlow: 'フローは `name` と `flow_definition` を持つ JSON オブジェクトです。',
  templates: {
    uses: {
      router: 'ルーター',
      'research-agent': '調査エージェント',
      'order-saga': 'サーガ',
      'nightly-batch': 'バッチ',
      refund: '承認',
    },
    gone: 'テンプレートがありません',
    goneDetail: (id) => `サーバーに例 ${id} はありません。`,
    agent: (name, description) => `「${name}」の代わりのエージェント: ${description}。`,
    services: (address) => `${address} の代わりの自分のサービス。`,
  },
} satisfies Translation<typeof import('@/features/flows/list/starter-texts').texts>;

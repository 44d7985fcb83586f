import type { Translation } from '@/lib/catalogue';

export default {
  statuses: {
    pending: '保留中',
    running: '実行中',
    paused: '一時停止中',
    completed: '完了',
    failed: '失敗',
    cancelled: 'キャンセル済み',
    skipped: 'スキップ',
    retrying: '再試行中',
    waiting: '待機中',
    decision: '判断が必要',
    recovered: '回復',
  },
  flowStatuses: { draft: '下書き', active: '有効', paused: '一時停止中', archived: 'アーカイブ済み' },
  errorClasses: {
    timeout: { label: 'タイムアウト', meaning: '試行がタイムアウトより長くかかりました。' },
    connection: { label: '接続', meaning: 'リモートサービスに接続できませんでした。' },
    rate_limited: { label: 'レート制限', meaning: 'リモートサービスがリクエスト数を制限しています（HTTP 429）。' },
    unavailable: { label: '利用不可', meaning: 'リモートサービスが失敗しました（HTTP 5xx、408、425）。' },
    rejected: { label: '拒否', meaning: 'リモートサービス（HTTP 4xx）または人がリクエストを拒否しました。' },
    tool: { label: 'ツール', meaning: 'MCP ツールがエラーを返しました。' },
    model_output: { label: 'モデルの出力', meaning: 'モデルの応答が出力スキーマに適合しませんでした。' },
    guardrail: {
      label: 'ガードレール',
      meaning: 'エージェントのガードレールが入力、ツールの引数、出力のいずれかを拒否しました。',
    },
    validation: { label: '検証', meaning: '入力がこのノードに対して有効ではありません。' },
    expression: { label: '式', meaning: 'テンプレートか条件を評価できませんでした。' },
    configuration: {
      label: '構成',
      meaning: 'ノード、そのエージェント、シークレットのいずれかが正しく設定されていません。',
    },
    script: {
      label: 'コード',
      meaning: 'ノードのコードがエラーを投げたか、制限を超えたか、JSON でないものを返しました。',
    },
    budget: { label: '予算', meaning: 'ターン、トークン、費用の上限を使い切りました。' },
    cancelled: { label: 'キャンセル', meaning: 'ノードが開始した実行がキャンセルされました。' },
    replaced: { label: '置き換え', meaning: '別の実行がノードのセッションを使ったか、ターンを追加しました。' },
    output_too_large: { label: '出力が大きすぎます', meaning: '出力がサイズの上限を超えています。' },
    internal: { label: '内部', meaning: 'Steadflow の不具合か、クラスを指定しない「fail」ノードです。' },
    interrupted: { label: '中断', meaning: '試行中にサーバーが停止しました。' },
  },
} satisfies Translation<typeof import('@/components/look-texts').texts>;

import type { Translation } from '@/lib/catalogue';
import { formatNumber } from '@/lib/locale';

export default {
  sections: { settings: '設定', nodes: 'ノード', edges: 'エッジ' },
  movedOnly: (number) => `キャンバス上で ${formatNumber(number)} 個のノードが移動しました。`,
  items: (number) => `キャンバス上で ${formatNumber(number)} 個のメモまたはグループが異なります。`,
  labels: {
    name: '名前',
    description: '説明',
    category: 'カテゴリ',
    tags: 'タグ',
    is_template: 'テンプレート',
    retry_on_failure: '失敗時の再試行',
    retry_count: '再試行回数',
    timeout_seconds: 'タイムアウト（秒）',
    max_concurrent_executions: '同時実行の上限',
    concurrency_key: '同時実行キー',
    max_concurrent_per_key: 'キーごとの同時実行の上限',
    priority: '優先度',
    debounce_seconds: 'デバウンス（秒）',
    max_delay_seconds: '最大遅延（秒）',
    budget: '予算',
    context_id_template: '参照 ID のテンプレート',
    context_type_default: '既定の参照の種類',
    sensitive: '機密データ',
  },
} satisfies Translation<typeof import('@/components/flow-diff/texts').texts>;

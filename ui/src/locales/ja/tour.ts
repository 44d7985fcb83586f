import type { Translation } from '@/lib/catalogue';

export default {
  label: 'ツアー',
  steps: ['フローを作成', '失敗を確認', '再試行'],
  skip: 'ツアーをスキップ',
  finish: '終了',
  create: {
    detail: '3 つのノードのフローです。中央のノードは、まだ準備のできていないサービスを呼び出します。',
    action: '作成する',
  },
  run: {
    detail: '実行して見てみましょう。試行は失敗し、待機し、再試行がなくなるまで繰り返されます。',
    action: '実行する',
    running: '実行中です。各試行と次の試行までの時間がページに表示されます。',
  },
  retry: {
    detail: '失敗しましたが、何も失われていません。「再試行」を押すと、完了したものは再利用され、残りが実行されます。',
    action: '失敗した実行を開く',
    running: '再試行を実行しています。',
  },
  done: {
    detail: '完了: 自分のフローが失敗し、失敗した場所から再試行されました。',
    next: 'フローを開く',
  },
  flow: {
    name: 'ツアー: 最初は失敗する呼び出し',
    description: 'ツアーで作成されました。いつでも削除できます。',
  },
  nodes: { start: '開始', call: 'サービスを呼び出す', report: '報告' },
  failed: 'うまくいきませんでした。もう一度お試しください。',
} satisfies Translation<typeof import('@/features/tour/texts').texts>;

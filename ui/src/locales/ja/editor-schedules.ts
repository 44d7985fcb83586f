import type { Translation } from '@/lib/catalogue';

export default {
  title: 'スケジュール',
  open: (next) => `スケジュール、次の開始 ${next}`,
  openNone: 'スケジュール、予定なし',
  openFailed: 'スケジュール、前回の開始は失敗',
  notActive: 'フローが有効になると開始します。',
  none: '開始の予定はまだありません。',
  next: '次の開始',
  last: '前回の開始',
  noNext: 'もうありません',
  waits: '前の実行が終わったとき',
  noLast: 'まだありません',
  failed: (why) => `前回の開始は失敗しました: ${why}。`,
  failedShort: '前回の開始は失敗',
} satisfies Translation<typeof import('@/features/flows/editor/schedules/texts').texts>;

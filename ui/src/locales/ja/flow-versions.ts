import type { Translation } from '@/lib/catalogue';
import { formatNumber } from '@/lib/locale';

export default {
  title: 'バージョン',
  close: 'バージョンを閉じる',
  damaged: (version, reason) =>
    `バージョン ${version} を読み取れません: ${reason}。復元できず、その実行も表示できません。`,
  firstNodes: (nodes) => `最初のバージョン（${formatNumber(nodes)} 個のノード）`,
  same: '変更なし',
  onCanvas: 'キャンバスで比較',
  summary: {
    settings: (number) => `設定 ${formatNumber(number)} 件`,
    added: (number) => `ノード ${formatNumber(number)} 個を追加`,
    removed: (number) => `ノード ${formatNumber(number)} 個を削除`,
    changed: (number) => `ノード ${formatNumber(number)} 個を変更`,
    edges: (number) => `エッジ ${formatNumber(number)} 本を変更`,
    moved: (number) => `ノード ${formatNumber(number)} 個を移動`,
  },
  restoreDetail: (version) =>
    `最新のバージョンになります。バージョン ${version} はこの一覧に残り、実行中のものには影響しません。`,
} satisfies Translation<typeof import('@/features/flows/versions/texts').texts>;

import type { Translation } from '@/lib/catalogue';

export default {
  label: 'フロー',
  goneTitle: 'フローが見つかりません',
  goneDetail: '削除されたか、アドレスが間違っている可能性があります。',
  toList: 'フロー一覧へ',
  commands: {
    group: 'このフロー',
    compare: 'キャンバスでバージョンを比較',
    compareWords: 'diff changes difference 比較 差分 変更',
    move: 'フォルダーへ移動…',
  },
  compare: {
    title: (flow) => `${flow} のバージョンを比較`,
    before: '変更前',
    after: '変更後',
    current: (version) => `バージョン ${version}（現在）`,
    canvas: '2 つのバージョンを 1 つのキャンバスに表示',
    changes: '変更点',
    same: '2 つのバージョンは同じです。',
    missing: '比較するバージョンを 2 つ選んでください。',
  },
} satisfies Translation<typeof import('@/features/flows/texts').texts>;

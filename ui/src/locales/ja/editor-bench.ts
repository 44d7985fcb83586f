import type { Translation } from '@/lib/catalogue';

const listed = (fields: readonly string[]) =>
  `${fields
    .slice(0, 8)
    .map((field) => `\`${field}\``)
    .join('、')}${fields.length > 8 ? '、…' : ''}`;
const REMEDY = '`| default(…)` か `is defined` を使ってください。';

export default {
  doubt: {
    skipped: ({ read }) =>
      `この前に \`${read.node}\` がスキップされることがあり、\`${read.text}\` がない可能性があります。${REMEDY}`,
    absent: ({ read, field, there }, isPinned) =>
      `\`${read.text}\`: ${isPinned ? '固定した値' : 'スキーマ'}にフィールド \`${field}\` はありません。あるのは ${there.length > 0 ? listed(there) : 'なし'} です。`,
    optional: ({ read, field }) => `\`${read.text}\`: \`${field}\` がない可能性があります。${REMEDY}`,
  },
  waitsForPerson: 'ここでは人が判断するため、テストはできません。判断の結果を出力として固定してください。',
  waitsForEvent: 'このノードはイベントを待つため、テストはできません。イベントを出力として固定してください。',
  startsChildren:
    'このノードは別の実行を開始するため、フローの実行でテストします。先へ進むには出力を固定してください。',
  inBody: '本体のノードは外側のノードの値を読むため、フローの実行でテストします。',
  notJson: (name) => `「${name}」の固定した値は有効な JSON ではありません。先に修正してください。`,
  busy: '別のテストを実行中です。',
} satisfies Translation<typeof import('@/features/flows/editor/bench/texts').texts>;

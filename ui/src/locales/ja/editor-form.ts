import type { Translation } from '@/lib/catalogue';

export default {
  asValue: '値を入力',
  asExpression: '式を入力',
  addPair: '追加',
  key: 'キー',
  value: '値',
  removePair: (key) => `${key || '行'} を削除`,
  entry: (title, number) => `${title} ${number}`,
  raiseEntry: (number) => `項目 ${number} を上へ移動`,
  removeEntry: (number) => `項目 ${number} を削除`,
  notJson: 'まだ有効な JSON ではありません。有効になると反映されます。',
  kind: (title) => `${title} の種類`,
  preview: {
    value: '値:',
    missing: 'まだ値はありません:',
    hidden: '機密',
    empty: '（空のテキスト）',
  },
  choices: {
    all: 'すべてのエッジが決まるまで',
    any: '最初に選ばれたエッジ',
    ask: '判断を求める',
    fail: '失敗にする',
    retry: '再試行する',
    wait: '待つ',
    interrupt: '中断する',
  },
} satisfies Translation<typeof import('@/features/flows/editor/form/texts').texts>;

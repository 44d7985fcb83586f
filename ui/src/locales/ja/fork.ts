import type { Translation } from '@/lib/catalogue';

export default {
  button: 'ここからもう一度実行',
  hint: 'このノードから、このデータまたは別のデータで新しい実行を開始',
  title: (node) => `${node} からもう一度実行`,
  intro:
    'このノードから新しい実行を開始します。その前に完了したものは再利用され、この実行はそのまま残ります。実行するノードの呼び出しはもう一度行われます。',
  versions: 'フローのバージョン',
  same: (version) => `バージョン ${version}`,
  sameDetail: 'この実行のもの',
  current: (version) => `バージョン ${version}`,
  currentDetail: '現在のもの',
  plan: 'フォークの計画',
  data: 'データ',
  change: '変更…',
  changeLabel: '変更するデータ',
  trigger: 'トリガーデータ',
  output: (node) => `${node} の出力`,
  ownOutput: (node) => `${node} の出力（このノードは実行しません）`,
  unchanged: 'すべてのデータは以前のままです。',
  keep: (what) => `${what} の以前の値を残す`,
  sameValue: 'まだ変更していません。',
  invalid: 'まだ有効な JSON ではない部分があります。',
  difference: (what) => `${what} の変更`,
  flow: (from, to) => `バージョン ${from} から ${to} へのフローの変更`,
  sameFlow: '文書に変更はありません。',
  differing: (names) =>
    `現在のバージョンで異なるもの: ${names}。それぞれに出力を指定するか、その最初のものから始めるか、この実行のバージョンを使ってください。`,
  needsOutputs: '完了したノードの一部が変更されており、出力が必要です。',
  loading: '計画を読み込んでいます…',
  submit: '新しい実行を開始',
} satisfies Translation<typeof import('@/features/executions/detail/fork-texts').texts>;

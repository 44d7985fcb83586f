import type { Translation } from '@/lib/catalogue';
import { visible } from '@/lib/json-text';
import { formatNumber } from '@/lib/locale';

export default {
  also: {
    label: 'ほかに待っているもの',
    decisions: (count) => `${count} 件の実行が続け方の判断を待っています`,
  },
  title: '承認',
  detail: '人が判断するまで待っているものです。',
  list: '承認を待っているもの',
  found: (count) => `${formatNumber(count)} 件が承認を待っています`,
  more: '最新の 100 件の実行のものだけを表示しています。ほかを見るには、いくつか判断してください。',
  empty: '承認を待っているものはありません',
  emptyDetail: 'フローとエージェントは、人が必要なときにここに現れます:',
  teaches: [
    {
      title: '承認ノード',
      detail: 'フローが続く前に確認します。フォームも付けられます。上限を超える返金や、送信前の文章などに使います。',
    },
    {
      title: '承認の必要なツール',
      detail: '呼び出しの前に待ちます。常に、または `input.amount > 1000` のように引数の条件を満たすときです。',
    },
    {
      title: '`ask` のガードレール',
      detail: '拒否する出力について人に確認します。',
    },
    {
      title: 'MCP サーバーのタスク',
      detail: '作業の途中で入力を求めることがあります。',
    },
  ],
  emptyFilter: 'フィルターに一致するものはありません',
  keys: [
    { key: 'a', does: '承認' },
    { key: 'r', does: '却下' },
    { key: 'x', does: '選択' },
    { key: '?', does: 'すべてのキー' },
  ],
  deletedFlow: '削除されたフロー',
  asked: '依頼',
  shown: { arguments: '引数', output: '出力' },
  outputOf: (node) => `${node} の出力`,
  refusedBy: (guardrail) => `ガードレール ${guardrail} が拒否`,
  settled: (title, outcome) => `${title}: ${outcome}`,
  decideOn: (title, flow) => `${flow} の ${title} について判断`,
  expiresIn: (left) => `期限まで ${left}`,
  expiresAt: (when) => `期限 ${when}`,
  expired: 'まもなく期限切れ',
  back: '一覧に戻る',
  next: '次を表示',
  filters: {
    flow: 'フロー',
    agent: 'エージェント',
    tool: 'ツール',
    all: { flow: 'すべてのフロー', agent: 'すべてのエージェント', tool: 'すべてのツール' },
    soon: '1 時間以内に期限切れ',
    sort: '順序',
    sorts: { expiry: '期限の近い順', oldest: '古い順', newest: '新しい順' },
  },
  select: (title, flow) => `${flow} の ${title} を選択`,
  selectAll: '表示中のものをすべて選択',
  selected: (count) => `${formatNumber(count)} 件を選択`,
  approveSelected: '承認…',
  rejectSelected: '却下…',
  clear: '解除',
  bulk: {
    title: {
      approved: (count) => `${formatNumber(count)} 件をまとめて承認`,
      rejected: (count) => `${formatNumber(count)} 件をまとめて却下`,
    },
    list: '判断の対象',
    comment: { approved: 'すべてに付けるコメント', rejected: 'すべてに付ける理由（モデルが読みます）' },
    leftOut: (count) => `そのうち ${formatNumber(count)} 件は 1 件ずつ回答を入力する必要があり、対象外です。`,
    yes: {
      approved: (count) => `${formatNumber(count)} 件を承認`,
      rejected: (count) => `${formatNumber(count)} 件を却下`,
    },
    cancel: 'キャンセル',
    results: '結果',
    done: { approved: '承認済み', rejected: '却下済み' },
    summary: (done, gone, failed) =>
      [
        `判断済み ${formatNumber(done)} 件`,
        gone > 0 && `待機終了 ${formatNumber(gone)} 件`,
        failed > 0 && `失敗 ${formatNumber(failed)} 件`,
      ]
        .filter(Boolean)
        .join('、'),
    again: (count) => `${formatNumber(count)} 件をもう一度試す`,
    close: '閉じる',
  },
  visit: {
    title: 'このページを開いてからの変化',
  },
  link: {
    open: 'リンクをコピー',
    name: '宛先（任意）',
    nameDetail: '名前またはアドレス。判断した人として表示されます。',
    nameTooLong: '長すぎます: 60 バイトまでです。日本語の文字は 3 バイト、絵文字は 4 バイトです。',
    warning: 'リンクを持つ人は誰でも、誰かが判断するまで、ログインせずに判断できます。1 人にだけ送ってください。',
    make: 'リンクを作成してコピー',
    label: '判断用のリンク',
    copy: 'リンクをコピー',
    copied: 'リンクをコピーしました。',
    made: (until) => `誰かが判断するまで、最長 ${until} まで有効です。`,
  },
  decide: {
    title: '判断',
    done: '判断を保存しました。ほかに行うことはありません。このページを閉じてかまいません。',
    sent: '判断を送信しました。最初に届いたものが有効です。結果が表示されるまでこのページを開いておいてください。',
    known: '判断済みです',
    unknownForm:
      '承認に必要なフォームをこのページに表示できません。リンクを送った人に代わりに承認してもらうか、ここで却下してください。',
    decided: 'すでに判断されています',
    over: '判断はもう必要ありません',
    expired: 'このリンクは期限切れです',
    wrong: 'このリンクは有効ではありません',
    works: (name, until) =>
      `このリンク${name === null ? '' : `（${visible(name)} 宛て）`}は、誰かが判断するまで、最長 ${until} まで有効です。持っている人は誰でも判断できるため、渡さないでください。`,
  },
  ended: 'もう待っていません: ノードか実行が終わりました',
} satisfies Translation<typeof import('@/features/approvals/texts').texts>;

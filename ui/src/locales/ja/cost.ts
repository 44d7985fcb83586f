import type { Translation } from '@/lib/catalogue';
import { formatNumber } from '@/lib/locale';

function leftOut(rows: number): string | null {
  return rows === 0 ? null : `最も安い ${formatNumber(rows)} 行は省略しています。`;
}

export default {
  title: '費用',
  detail: '終了した実行のモデル呼び出しが使った量と、エージェントの価格による費用です。',
  wholeTime: '過去 30 日間',
  since: (day) => `${day} から（UTC）`,
  empty: 'この期間にモデルの呼び出しはありません',
  emptyFlow: 'この期間にこのフローによるモデルの呼び出しはありません',
  emptyDetail: '呼び出しは実行の終了時に数えられます。価格はエージェントのフォームで設定します。',
  toAgents: 'エージェント一覧へ',
  currency: {
    label: '通貨',
    hint: '異なる通貨は合計しません。',
    none: '通貨なし',
  },
  facts: {
    title: '主な数値',
    cost: '費用',
    noCost: '–',
    priced: 'すべての呼び出し',
    unpriced: (calls) => `価格のない呼び出し ${formatNumber(calls)} 件を除く`,
    lost: '失敗した試行で失った費用',
    lostHint: (tokens, share) => `${tokens} トークン（全体の ${share}）`,
    calls: '呼び出し',
    callsHint: 'モデルが応答したもの',
    tokens: 'トークン',
    tokensHint: (share) => `入力の ${share} はキャッシュ済み`,
  },
  compare: { cost: '費用', lost: '失敗した試行の費用', time: (name) => `1 回の呼び出し時間（${name}）` },
  days: {
    title: (measure) => (measure === 'cost' ? '日別の費用' : '日別のトークン'),
    hint: (currency) => `UTC の日${currency ? `、${currency}` : ''}`,
    chart: (measure) =>
      `日別・モデル別の${measure === 'cost' ? '費用' : 'トークン'}の棒グラフ。左右の矢印キーで棒の間を移動します。下の表に同じ数値があります。`,
    others: 'その他のモデル',
    nothing: '使用なし',
    total: '合計',
    day: '日',
  },
  timesHint: '1 回の呼び出し時間の百分位数（誤差 6 %）',
  models: { title: 'モデル別', name: 'モデル', unknown: '不明なモデル', leftOut },
  agents: {
    title: 'エージェント別',
    name: 'エージェント',
    deleted: '削除されたエージェント',
    unknown: '不明なエージェント',
    leftOut,
  },
  flows: { title: 'フロー別', name: 'フロー', deleted: '削除されたフロー', leftOut },
  versions: {
    title: 'フローのバージョン別',
    name: 'フローとバージョン',
    of: (flow, version) => `${flow}、バージョン ${version}`,
    leftOut,
  },
  columns: {
    cost: '費用',
    calls: '呼び出し',
    input: '入力トークン',
    cached: 'キャッシュ済み',
    written: 'キャッシュ書き込み',
    output: '出力トークン',
    lost: '失ったトークン',
  },
  times: { p50: 'p50', p95: 'p95', p99: 'p99' },
  noCost: '–',
  noTimes: 'データなし',
  table: (title) => `${title}（表）`,
  asTable: '表で表示',
} satisfies Translation<typeof import('@/features/analytics/cost-texts').texts>;

import type { Translation } from '@/lib/catalogue';
import { formatNumber } from '@/lib/locale';

const executions = (count: number) => `${formatNumber(count)} 件の実行`;

export default {
  select: (flow) => `${flow} の実行を選択`,
  selectLoaded: '読み込んだ実行をすべて選択',
  toolbar: '選択した実行',
  selected: (count) => `${formatNumber(count)} 件を選択`,
  selectedAll: '一致するすべての実行',
  selectAll: '一致するものをすべて選択',
  clear: '選択を解除',
  actions: { cancel: 'キャンセル', pause: '一時停止', resume: '再開', retry: '再試行' },
  titles: {
    cancel: '実行をキャンセル',
    pause: '実行を一時停止',
    resume: '実行を再開',
    retry: '実行を再試行',
  },
  about: {
    cancel: '進行中のものはすべて停止します。元に戻せませんが、キャンセルした実行は再試行できます。',
    pause: '進行中のものは終わり、新しいものは始まりません。タイムアウトは進みます。',
    resume: '一時停止した場所から続きます。',
    retry: 'それぞれ新しい実行として開始します。すでに再試行したものはスキップします。',
  },
  modes: '開始位置',
  fromFailed: '失敗したノードから',
  fromFailedDetail: '完了したノードを残し、残りを同じバージョンで実行',
  fromStart: '最初から',
  fromStartDetail: '現在のバージョンですべてをもう一度実行',
  counting: '確認しています…',
  would: {
    cancel: (count) => `${executions(count)}をキャンセルします。`,
    pause: (count) => `${executions(count)}を一時停止します。`,
    resume: (count) => `${executions(count)}を再開します。`,
    retry: (count) => `${executions(count)}を再試行します。`,
  },
  atLeast: 'ほかにも一致する可能性があります。最新の 10,000 件だけを確認しました。',
  none: 'これらの実行に対して行うことはありません。',
  skipped: (count) => `${executions(count)}をスキップ:`,
  run: {
    cancel: (count) => `${executions(count)}をキャンセル`,
    pause: (count) => `${executions(count)}を一時停止`,
    resume: (count) => `${executions(count)}を再開`,
    retry: (count) => `${executions(count)}を再試行`,
  },
  back: '戻る',
  progress: '進行状況',
  going: (done, all) => `${executions(all)}中 ${formatNumber(done)} 件…`,
  stop: '停止',
  done: {
    cancel: (count) => `${executions(count)}をキャンセルしました。`,
    pause: (count) => `${executions(count)}を一時停止しました。`,
    resume: (count) => `${executions(count)}を再開しました。`,
    retry: (count) => `${executions(count)}を新しい実行として再試行しました。`,
  },
  halted: '途中で停止しました。残りは変わっていません。',
  close: '閉じる',
} satisfies Translation<typeof import('@/features/executions/bulk-texts').bulkTexts>;

import type { Translation } from '@/lib/catalogue';

export default {
  unreachable: {
    title: 'サーバーに接続できません',
    detail: 'Steadflow が動いているか確認してください。スタジオは接続を試し続けます。',
  },
  unreadable: {
    title: '応答を読み取れません',
    detail: 'JSON ではありません。このページと Steadflow の間のプロキシを確認してください。',
  },
  inStudio: 'スタジオで問題が発生しました',
  status: (status) => `サーバーはステータス ${status} を返しました`,
  fault: 'は有効ではありません',
} satisfies Translation<typeof import('@/api/problem-texts').texts>;

import type { Translation } from '@/lib/catalogue';

export default {
  title: 'コードから実行',
  close: '閉じる',
  way: '開始方法',
  api: 'API',
  webhook: 'Webhook',
  language: '言語',
  languages: { curl: 'curl', python: 'Python', typescript: 'TypeScript' },
  copy: 'コピー',
  apiNote: '終了まで最大 30 秒待ちます。同じ Idempotency-Key では二重に開始されません。',
  webhookNote: 'フローが有効で、そのシークレットがサーバーに設定されている間、呼び出しを受け付けます。',
  stopped: (status) => `このフローは「${status}」のため、サーバーは開始を拒否します。`,
} satisfies Translation<typeof import('@/features/flows/editor/code/texts').texts>;

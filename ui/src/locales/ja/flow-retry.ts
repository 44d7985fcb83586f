import type { Translation } from '@/lib/catalogue';

export default {
  once: '試行 1 回、再試行なし',
  sentence: (attempts, waits, total) => `最大 ${attempts} 回の試行。バックオフ ${waits}。約 ${total} 後に失敗`,
} satisfies Translation<typeof import('@/features/flows/settings/retry-texts').texts>;

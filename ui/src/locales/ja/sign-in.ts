import type { Translation } from '@/lib/catalogue';

export default {
  title: 'ログイン',
  wait: 'ログインしています…',
  failed: 'ログインできませんでした',
  again: 'ログインに戻る',
} satisfies Translation<typeof import('@/features/sign-in/texts').texts>;

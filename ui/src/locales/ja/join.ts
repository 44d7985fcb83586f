import type { Translation } from '@/lib/catalogue';

export default {
  title: '参加',
  firstAdmin: 'このサーバーの最初の管理者になります。',
  asRole: (roles) => `${roles} として招待されています。`,
  inFolder: (role, folder) => `${folder} の${role}`,
  newPassword: (email) => `${email} の新しいパスワードを決めてください。`,
  name: '名前',
  email: 'メールアドレス',
  password: 'パスワード',
  passwordHint: '10 文字以上。いくつかの単語を並べると覚えやすくなります。',
  withProvider: (provider) => `${provider} で続ける`,
  noWay: '今はこのリンクで参加できません。送った人に問い合わせてください。',
  submit: 'アカウントを作成',
  submitPassword: 'パスワードを設定',
  wrong: 'このリンクは有効ではありません',
} satisfies Translation<typeof import('@/features/join/texts').texts>;

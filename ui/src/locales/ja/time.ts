import type { Translation } from '@/lib/catalogue';

export default {
  units: { ms: 'ミリ秒', s: '秒', min: '分', h: '時間', d: '日' },
  now: '今',
  justNow: 'たった今',
  ago: (duration) => `${duration}前`,
  in: (duration) => `${duration}後`,
  periods: { hour: '過去 1 時間', day: '過去 24 時間', week: '過去 7 日間', month: '過去 30 日間' },
} satisfies Translation<typeof import('@/lib/time-texts').texts>;

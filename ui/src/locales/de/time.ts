import type { Translation } from '@/lib/catalogue';

export default {
  units: { ms: 'ms', s: 's', min: 'min', h: 'h', d: 'd' },
  now: 'jetzt',
  justNow: 'gerade eben',
  ago: (duration) => `vor ${duration}`,
  in: (duration) => `in ${duration}`,
  periods: { hour: 'Letzte Stunde', day: 'Letzte 24 Stunden', week: 'Letzte 7 Tage', month: 'Letzte 30 Tage' },
} satisfies Translation<typeof import('@/lib/time-texts').texts>;

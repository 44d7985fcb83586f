import { catalogue } from './catalogue';

/** Units and relative times. They may have a language that is imported before them: read them where they are used. */
export const texts = catalogue('time', {
  units: { ms: 'ms', s: 's', min: 'min', h: 'h', d: 'd' },
  now: 'now',
  justNow: 'just now',
  ago: (duration: string) => `${duration} ago`,
  in: (duration: string) => `in ${duration}`,
  periods: { hour: 'Last hour', day: 'Last 24 hours', week: 'Last 7 days', month: 'Last 30 days' },
} as const);

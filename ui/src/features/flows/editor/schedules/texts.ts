import { catalogue } from '@/lib/catalogue';

export const texts = catalogue('editor-schedules', {
  title: 'Schedule',
  open: (next: string) => `Schedule, next start ${next}`,
  openNone: 'Schedule, nothing planned',
  openFailed: 'Schedule, the last start failed',
  notActive: 'Starts when the flow is active.',
  none: 'No start is planned yet.',
  next: 'Next start',
  last: 'Last start',
  noNext: 'None any more',
  waits: 'When the execution before has ended',
  noLast: 'None yet',
  failed: (why: string) => `The last start failed: ${why}.`,
  failedShort: 'Last start failed',
} as const);

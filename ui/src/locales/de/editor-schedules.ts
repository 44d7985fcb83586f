import type { Translation } from '@/lib/catalogue';

export default {
  title: 'Zeitplan',
  open: (next) => `Zeitplan, nächster Start ${next}`,
  openNone: 'Zeitplan, nichts geplant',
  openFailed: 'Zeitplan, der letzte Start ist fehlgeschlagen',
  notActive: 'Startet, wenn der Flow aktiv ist.',
  none: 'Noch kein Start geplant.',
  next: 'Nächster Start',
  last: 'Letzter Start',
  noNext: 'Keiner mehr',
  waits: 'Wenn die Ausführung davor beendet ist',
  noLast: 'Noch keiner',
  failed: (why) => `Der letzte Start ist fehlgeschlagen: ${why}.`,
  failedShort: 'Letzter Start fehlgeschlagen',
} satisfies Translation<typeof import('@/features/flows/editor/schedules/texts').texts>;

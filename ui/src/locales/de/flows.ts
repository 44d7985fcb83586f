import type { Translation } from '@/lib/catalogue';

export default {
  label: 'Flow',
  goneTitle: 'Flow nicht gefunden',
  goneDetail: 'Vielleicht wurde er gelöscht, oder die Adresse ist falsch.',
  toList: 'Zu den Flows',
  commands: {
    group: 'Dieser Flow',
    compare: 'Versionen auf der Arbeitsfläche vergleichen',
    compareWords: 'diff changes difference unterschied änderungen vergleich',
    move: 'In einen Ordner verschieben…',
  },
  compare: {
    title: (flow) => `Versionen von ${flow} vergleichen`,
    before: 'Vorher',
    after: 'Nachher',
    current: (version) => `Version ${version} (aktuell)`,
    canvas: 'Beide Versionen auf einer Arbeitsfläche',
    changes: 'Änderungen',
    same: 'Die beiden Versionen sind gleich.',
    missing: 'Wählen Sie zwei Versionen zum Vergleichen.',
  },
} satisfies Translation<typeof import('@/features/flows/texts').texts>;

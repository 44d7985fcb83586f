import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

const statuses: Readonly<Record<string, string>> = { paused: 'pausiert', archived: 'archiviert' };

export default {
  title: 'Flow ausführen',
  close: 'Schließen',
  context: 'Referenz (optional)',
  contextId: 'Referenz-ID',
  contextIdFrom: (template) => `Aus der Vorlage: ${template}`,
  contextType: 'Art der Referenz',
  contextTypeFrom: (type) => `Standard: ${type}`,
  optional: 'Optional',
  trigger: 'Startdaten',
  form: 'Formular',
  json: 'JSON',
  noFields: 'Dieser Flow braucht keine Eingabe.',
  usedBy: (names) => `Genutzt von ${names.join(', ')}`,
  usedElsewhere: 'Von keinem Knoten direkt gelesen',
  kind: (field) => `Art von ${field}`,
  kinds: { any: 'Text oder JSON', text: 'Text', number: 'Zahl', boolean: 'Wahrheitswert', json: 'JSON' },
  faults: { number: 'Keine Zahl.', boolean: 'Wählen Sie true oder false.' },
  warnings: (count) => counted(count, 'Warnung', 'Warnungen'),
  notSent: 'Nicht gesendet',
  filled: { last: 'Aus der letzten Ausführung ausgefüllt.', example: 'Aus dem Beispiel des Flows ausgefüllt.' },
  empty: 'Leere Felder werden nicht gesendet.',
  last: 'Letzte Eingabe verwenden',
  lastDetail: 'Mit der Eingabe der letzten Ausführung ausfüllen',
  lastNone: 'Dieser Flow wurde noch nicht ausgeführt.',
  notJson: 'Noch kein gültiges JSON.',
  jsonFirst: 'Korrigieren Sie zuerst das JSON.',
  fieldFirst: 'Korrigieren Sie zuerst das markierte Feld.',
  stopped: (status) => `Dieser Flow ist ${statuses[status] ?? status}. Aktivieren Sie ihn zuerst.`,
  cancel: 'Abbrechen',
  run: 'Jetzt ausführen',
} satisfies Translation<typeof import('@/features/flows/run/texts').texts>;

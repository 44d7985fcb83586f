import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

export default {
  sections: { settings: 'Einstellungen', nodes: 'Knoten', edges: 'Kanten' },
  movedOnly: (number) => `${counted(number, 'Knoten wurde', 'Knoten wurden')} auf der Arbeitsfläche verschoben.`,
  items: (number) =>
    `${counted(number, 'Notiz oder Gruppe ist', 'Notizen oder Gruppen sind')} auf der Arbeitsfläche anders.`,
  labels: {
    name: 'Name',
    description: 'Beschreibung',
    category: 'Kategorie',
    tags: 'Tags',
    is_template: 'Vorlage',
    retry_on_failure: 'Bei Fehler wiederholen',
    retry_count: 'Anzahl der Wiederholungen',
    timeout_seconds: 'Zeitlimit in Sekunden',
    max_concurrent_executions: 'Ausführungen gleichzeitig höchstens',
    concurrency_key: 'Schlüssel für Gleichzeitigkeit',
    max_concurrent_per_key: 'Gleichzeitig je Schlüssel höchstens',
    priority: 'Priorität',
    debounce_seconds: 'Sammelzeit in Sekunden',
    max_delay_seconds: 'Verzögerung höchstens, in Sekunden',
    budget: 'Budget',
    context_id_template: 'Vorlage der Referenz-ID',
    context_type_default: 'Standardart der Referenz',
    sensitive: 'Sensible Daten',
  },
} satisfies Translation<typeof import('@/components/flow-diff/texts').texts>;

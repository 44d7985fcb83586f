import type { Translation } from '@/lib/catalogue';

const statuses: Readonly<Record<string, string>> = { paused: 'pausiert', archived: 'archiviert' };

export default {
  title: 'Aus Code ausführen',
  close: 'Schließen',
  way: 'Starten über',
  api: 'API',
  webhook: 'Webhook',
  language: 'Sprache',
  languages: { curl: 'curl', python: 'Python', typescript: 'TypeScript' },
  copy: 'Kopieren',
  apiNote: 'Wartet bis zu 30 Sekunden auf das Ende. Derselbe Idempotency-Key startet nichts zweimal.',
  webhookNote: 'Aufrufe werden angenommen, solange der Flow aktiv und sein Geheimnis auf dem Server gesetzt ist.',
  stopped: (status) => `Dieser Flow ist ${statuses[status] ?? status}, deshalb startet der Server ihn nicht.`,
} satisfies Translation<typeof import('@/features/flows/editor/code/texts').texts>;

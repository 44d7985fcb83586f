import type { Translation } from '@/lib/catalogue';

export default {
  unreachable: {
    title: 'Der Server ist nicht erreichbar',
    detail: 'Prüfen Sie, ob Steadflow läuft. Das Studio versucht es weiter.',
  },
  unreadable: {
    title: 'Die Antwort ist nicht lesbar',
    detail: 'Sie ist kein JSON. Prüfen Sie Proxys zwischen dieser Seite und Steadflow.',
  },
  inStudio: 'Im Studio ist ein Fehler aufgetreten',
  status: (status) => `Der Server hat mit Status ${status} geantwortet`,
  fault: 'ist nicht gültig',
} satisfies Translation<typeof import('@/api/problem-texts').texts>;

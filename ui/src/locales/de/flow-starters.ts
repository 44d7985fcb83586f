import type { Translation } from '@/lib/catalogue';

export default {
  empty: { label: 'Leer', detail: 'Nur ein Auslöser.' },
  call: {
    label: 'HTTP-Aufruf mit Wiederholungen',
    detail: 'Ruft eine URL auf, wartet 1, 2 und 4 s zwischen den Versuchen und formt die Antwort um.',
  },
  branch: {
    label: 'Prüfen und verzweigen',
    detail: 'Liest eine Risikozahl aus den Startdaten und nimmt einen von zwei Zweigen.',
  },
  ask: {
    label: 'Vor dem Fehlschlag fragen',
    detail: 'Wartet auf die Entscheidung einer Person, nachdem alle Versuche fehlgeschlagen sind.',
  },
  nodes: {
    start: 'Start',
    fetch: 'Aufrufen',
    report: 'Berichten',
    risky: 'Ist es riskant?',
    refuse: 'Ablehnen',
    accept: 'Annehmen',
    book: 'Buchen',
  },
  imported: 'Importierter Flow',
  noFlow: 'Ein Flow ist ein JSON-Objekt mit `name` und `flow_definition`.',
  templates: {
    uses: {
      router: 'Verteiler',
      'research-agent': 'Recherche-Agent',
      'order-saga': 'Saga',
      'nightly-batch': 'Stapel',
      refund: 'Freigabe',
    },
    gone: 'Die Vorlage ist nicht da',
    goneDetail: (id) => `Der Server hat kein Beispiel ${id}.`,
    agent: (name, description) => `Einen Agenten an der Stelle von „${name}“: ${description}.`,
    services: (address) => `Ihre eigenen Dienste an der Stelle von ${address}.`,
  },
} satisfies Translation<typeof import('@/features/flows/list/starter-texts').texts>;

import type { Translation } from '@/lib/catalogue';

export default {
  label: 'Tour',
  steps: ['Flow erstellen', 'Fehlschlagen sehen', 'Wiederholen'],
  skip: 'Tour überspringen',
  finish: 'Beenden',
  create: {
    detail: 'Ein Flow aus drei Knoten. Der mittlere ruft einen Dienst auf, der noch nicht bereit ist.',
    action: 'Erstellen',
  },
  run: {
    detail:
      'Führen Sie ihn aus, und sehen Sie zu: der Versuch schlägt fehl, wartet und wird wiederholt, bis keine Wiederholung mehr übrig ist.',
    action: 'Ausführen',
    running: 'Er läuft. Die Seite zeigt jeden Versuch und den Countdown bis zum nächsten.',
  },
  retry: {
    detail:
      'Er ist fehlgeschlagen, und nichts ist verloren. Drücken Sie „Wiederholen“: was abgeschlossen ist, wird übernommen, und der Rest läuft.',
    action: 'Fehlgeschlagene Ausführung öffnen',
    running: 'Die Wiederholung läuft.',
  },
  done: {
    detail: 'Fertig: Ihr eigener Flow ist fehlgeschlagen und wurde ab dem fehlgeschlagenen Knoten wiederholt.',
    next: 'Flow öffnen',
  },
  flow: {
    name: 'Tour: ein Aufruf, der zuerst fehlschlägt',
    description: 'Von der Tour erstellt. Sie können ihn jederzeit löschen.',
  },
  nodes: { start: 'Start', call: 'Dienst aufrufen', report: 'Berichten' },
  failed: 'Das hat nicht funktioniert. Versuchen Sie es noch einmal.',
} satisfies Translation<typeof import('@/features/tour/texts').texts>;

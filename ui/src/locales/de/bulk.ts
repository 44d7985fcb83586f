import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { formatNumber } from '@/lib/locale';

const executions = (count: number) => counted(count, 'Ausführung', 'Ausführungen');
const will = (count: number) => `${executions(count)} ${count === 1 ? 'wird' : 'werden'}`;

export default {
  select: (flow) => `Ausführung von ${flow} auswählen`,
  selectLoaded: 'Alle geladenen Ausführungen auswählen',
  toolbar: 'Ausgewählte Ausführungen',
  selected: (count) => `${formatNumber(count)} ausgewählt`,
  selectedAll: 'Alle passenden Ausführungen',
  selectAll: 'Alle passenden auswählen',
  clear: 'Auswahl aufheben',
  actions: { cancel: 'Abbrechen', pause: 'Pausieren', resume: 'Fortsetzen', retry: 'Wiederholen' },
  titles: {
    cancel: 'Ausführungen abbrechen',
    pause: 'Ausführungen pausieren',
    resume: 'Ausführungen fortsetzen',
    retry: 'Ausführungen wiederholen',
  },
  about: {
    cancel:
      'Alles Laufende wird angehalten. Das ist endgültig, aber abgebrochene Ausführungen können wiederholt werden.',
    pause: 'Was läuft, wird beendet; nichts Neues beginnt. Zeitlimits laufen weiter.',
    resume: 'Sie gehen dort weiter, wo sie pausiert wurden.',
    retry: 'Jede wird als neue Ausführung gestartet. Schon wiederholte werden übersprungen.',
  },
  modes: 'Wo beginnen',
  fromFailed: 'Ab dem fehlgeschlagenen Knoten',
  fromFailedDetail: 'Behält abgeschlossene Knoten und führt den Rest mit derselben Version aus',
  fromStart: 'Von Anfang an',
  fromStartDetail: 'Führt alles mit der aktuellen Version noch einmal aus',
  counting: 'Wird geprüft…',
  would: {
    cancel: (count) => `${will(count)} abgebrochen.`,
    pause: (count) => `${will(count)} pausiert.`,
    resume: (count) => `${will(count)} fortgesetzt.`,
    retry: (count) => `${will(count)} wiederholt.`,
  },
  atLeast: 'Es können mehr passen: nur die neuesten 10.000 wurden geprüft.',
  none: 'Für diese Ausführungen ist nichts zu tun.',
  skipped: (count) => `${executions(count)} übersprungen:`,
  run: {
    cancel: (count) => `${executions(count)} abbrechen`,
    pause: (count) => `${executions(count)} pausieren`,
    resume: (count) => `${executions(count)} fortsetzen`,
    retry: (count) => `${executions(count)} wiederholen`,
  },
  back: 'Zurück',
  progress: 'Fortschritt',
  going: (done, all) => `${formatNumber(done)} von ${executions(all)}…`,
  stop: 'Anhalten',
  done: {
    cancel: (count) => `${executions(count)} abgebrochen.`,
    pause: (count) => `${executions(count)} pausiert.`,
    resume: (count) => `${executions(count)} fortgesetzt.`,
    retry: (count) => `${executions(count)} als neue Ausführung wiederholt.`,
  },
  halted: 'Vor dem Ende angehalten. Der Rest ist unverändert.',
  close: 'Schließen',
} satisfies Translation<typeof import('@/features/executions/bulk-texts').bulkTexts>;

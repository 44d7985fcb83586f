import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

export default {
  label: 'Formular',
  goneTitle: 'Dieses Formular gibt es nicht',
  goneDetail:
    'Der Link kann veraltet oder das Formular gelöscht sein. Fragen Sie die Person, die Ihnen den Link gesendet hat.',
  noFormTitle: 'Dieser Flow hat kein Formular',
  noFormDetail: 'Wer den Flow bearbeitet, kann unter „Formular“ in seinem Auslöser Felder hinzufügen.',
  openFlow: 'Flow öffnen',
  unknownForm:
    'Diese Seite kann das Formular nicht zeigen. Wer den Flow bearbeitet, kann es unter „Formular“ in seinem Auslöser ändern.',
  draft: 'Dieser Flow ist ein Entwurf. Was Sie senden, läuft trotzdem.',
  stoppedTitle: 'Dieses Formular ist geschlossen',
  stopped: {
    paused: 'Sein Flow ist pausiert. Was vorher gesendet wurde, geht weiter.',
    archived: 'Sein Flow ist archiviert. Was vorher gesendet wurde, geht weiter.',
  },
  fields: 'Felder',
  nothingToFill: 'Es gibt nichts auszufüllen.',
  submit: 'Absenden',
  notSent:
    'Es ist nicht bekannt, ob das angekommen ist. Senden Sie es noch einmal: dieselben Eingaben starten nichts doppelt.',
  again: 'Von vorn beginnen',
  state: 'Stand',
  pending: 'Wartet, bis es an der Reihe ist…',
  running: 'Läuft…',
  progress: (done, all) => `${done} von ${counted(all, 'Schritt', 'Schritten')} erledigt`,
  waits: {
    decision: 'Wartet auf die Entscheidung eines Menschen.',
    approval: 'Wartet auf die Freigabe durch einen Menschen.',
    event: 'Wartet auf ein Ereignis von außen.',
    delay: 'Wartet.',
    child: 'Läuft…',
    slot: 'Wartet, bis es an der Reihe ist…',
    session: 'Wartet, bis es an der Reihe ist…',
  },
  until: (when) => `Spätestens bis ${when}.`,
  retrying: 'Ein Schritt ist fehlgeschlagen und wird noch einmal versucht.',
  paused: 'Pausiert. Es geht weiter, wenn jemand fortsetzt.',
  undoing: 'Es ist nicht gelungen. Was getan wurde, wird rückabgewickelt…',
  stay: 'Sie können diese Seite verlassen: die Adresse führt hierher zurück.',
  completed: 'Fertig',
  failed: 'Das ist nicht gelungen',
  failedAdvice:
    'Prüfen Sie Ihre Eingaben, und beginnen Sie von vorn. Schlägt es wieder fehl, geben Sie diese Referenz weiter:',
  cancelled: 'Das wurde abgebrochen',
  cancelledAdvice:
    'Es geschieht nichts weiter. Beginnen Sie von vorn, oder fragen Sie die Person, die Ihnen den Link gesendet hat.',
  goneRun: 'Diesen Eintrag gibt es nicht mehr. Er kann gelöscht worden sein.',
  noResult: 'Es gibt kein Ergebnis zu zeigen.',
  result: 'Ergebnis',
  yes: 'Ja',
  no: 'Nein',
  openExecution: 'Ausführung öffnen',
  moreRows: (rows) => `${counted(rows, 'weitere Zeile', 'weitere Zeilen')} nicht gezeigt`,
} satisfies Translation<typeof import('@/features/form-page/texts').texts>;

import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

const statuses: Readonly<Record<string, string>> = { paused: 'pausiert', archived: 'archiviert' };

export default {
  toolbar: {
    label: 'Flow',
    back: 'Flows',
    folder: (path) => `Ordner ${path}`,
    version: (version) => `v${version}`,
    undo: 'Rückgängig',
    redo: 'Wiederherstellen',
    layout: 'Automatisch anordnen',
    json: 'JSON',
    code: 'Aus Code ausführen',
    settings: 'Einstellungen',
    versions: 'Versionen',
    run: 'Ausführen',
    saveAndRun: 'Speichern und ausführen',
    save: 'Speichern',
    saveWithNote: 'Mit Notiz speichern',
    note: 'Notiz',
    noteHint: 'Was diese Version ändert; steht in der Liste der Versionen. Bis zu 200 Zeichen.',
    cancel: 'Abbrechen',
    saved: (version, warnings) =>
      `Als Version ${version} gespeichert${warnings > 0 ? `, mit ${counted(warnings, 'Warnung', 'Warnungen')}` : ''}`,
  },
  status: {
    change: 'Status ändern',
    draft: 'Entwurf',
    active: 'Aktiv',
    paused: 'Pausiert',
    archived: 'Archiviert',
    activate: 'Aktivieren',
    activateDetail: 'Lässt sich von Hand, durch Auslöser und über die API ausführen',
    pause: 'Pausieren',
    pauseDetail: 'Keine neuen Ausführungen beginnen; laufende gehen weiter',
    archive: 'Archivieren',
    archiveDetail: 'In Listen ausgeblendet, nicht gelöscht',
  },
  reasons: {
    unchanged: 'Keine Änderungen seit dem letzten Speichern.',
    json: 'Das JSON ist nicht gültig. Korrigieren Sie es zuerst.',
    conflict: 'Eine andere Version wurde gespeichert. Wählen Sie zuerst, welche bleibt.',
    faults: (faults) => `Beheben Sie zuerst ${counted(faults, 'Problem', 'Probleme')}.`,
    saving: 'Wird gespeichert…',
    stopped: (status) => `Dieser Flow ist ${statuses[status] ?? status}. Aktivieren Sie ihn zuerst.`,
    nothingToUndo: 'Nichts rückgängig zu machen.',
    nothingToRedo: 'Nichts wiederherzustellen.',
    empty: 'Noch keine Knoten.',
  },
  others: {
    label: 'Wer diesen Flow noch geöffnet hat',
    one: (who) => `${who}: bearbeitet auch`,
    many: (tabs) => `Auch in ${tabs} anderen Tabs geöffnet`,
    you: 'Ein anderer Tab von Ihnen',
    somebody: 'Jemand',
  },
  conflict: {
    title: (version) => `Version ${version} wurde anderswo gespeichert, während Sie den Flow bearbeitet haben.`,
    detail:
      'Wenn Sie Ihren Stand speichern, wird er zur neuesten Version. Der andere bleibt in der Liste der Versionen.',
    keep: 'Meinen behalten',
    load: 'Anderen Stand laden',
  },
  keeping: {
    mark: {
      server: 'Entwurf gespeichert',
      sending: 'Entwurf wird gespeichert…',
      browser: 'Entwurf in diesem Browser gespeichert',
      nowhere: 'Entwurf nicht gespeichert',
    },
    detail: {
      server: 'Ihre Änderungen sind als Entwurf gespeichert. Speichern macht daraus eine Version.',
      sending: 'Ihre Änderungen werden an den Server gesendet.',
      browser: 'Ihre Änderungen sind in diesem Browser gespeichert, und der Server hat sie noch nicht.',
      nowhere:
        'Weder der Server noch dieser Browser konnte Ihre Änderungen speichern. Schließen Sie diese Seite nicht.',
    },
    last: (who, when) => `Zuletzt geändert von ${who}, ${when}.`,
    somebody: 'Jemand',
    theirs: {
      title: (who, when) => `${who} hat diesen Entwurf geändert, ${when}.`,
      detail:
        'Laden Sie den anderen Stand, um von dort weiterzumachen; das lässt sich rückgängig machen. Behalten Sie Ihren, um ihn an seine Stelle zu setzen.',
      load: 'Anderen Stand laden',
      keep: 'Meinen behalten',
    },
    leftover: {
      title: (when) => `In diesem Browser sind Änderungen (${when}), die nie gesendet wurden.`,
      detail:
        'Der Flow wurde seitdem anderswo geändert. Sie können sie anstelle dessen verwenden, was Sie sehen; das lässt sich rückgängig machen.',
      use: 'Diese Änderungen verwenden',
      discard: 'Verwerfen',
    },
  },
  leave: {
    title: 'Verlassen und Änderungen verlieren?',
    detail:
      'Einige Ihrer Änderungen sind nicht gespeichert: das JSON ist nicht gültig, oder der Entwurf ließ sich nicht speichern.',
    stay: 'Bleiben',
    discard: 'Änderungen verwerfen',
    save: 'Speichern und verlassen',
  },
  json: {
    label: 'Definition des Flows als JSON',
    applied: 'Änderungen gelten, sobald das JSON gültig ist.',
  },
  commands: {
    title: 'Dieser Flow',
    nodes: 'Knoten',
    status: (change) => `Flow ${change.toLowerCase()}`,
    addNode: 'Knoten hinzufügen…',
    goTo: 'Zu einem Knoten gehen…',
    addNote: 'Notiz auf die Arbeitsfläche setzen',
    addGroup: 'Auswahl gruppieren oder Gruppe hinzufügen',
    fit: 'Alles zeigen',
    selectAll: 'Alle Knoten auswählen',
    json: 'JSON ein- oder ausblenden',
    settingsWords: 'flow settings retry timeout limits einstellungen wiederholung zeitlimit grenzen',
    versionsWords: 'history compare restore verlauf vergleichen wiederherstellen',
    layoutWords: 'tidy arrange layout clean up aufräumen anordnen ordnen',
  },
} satisfies Translation<typeof import('@/features/flows/editor/texts').texts>;

import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

/** A range, of which an end that is not finite is open. */
function between(from: number, to: number): string {
  if (!Number.isFinite(from)) return `höchstens ${to}`;
  return Number.isFinite(to) ? `${from} bis ${to}` : `mindestens ${from}`;
}

export default {
  product: 'Steadflow',
  joinLink: {
    title: 'Diesen Link senden',
    detail:
      'Er gilt einmal. Jeder, der ihn hat, kann ihn nutzen; senden Sie ihn auf einem Weg, dem Sie vertrauen. Er wird nicht noch einmal angezeigt.',
    label: 'Link',
    copy: 'Link kopieren',
    done: 'Fertig',
  },
  draft: {
    mark: 'Ungespeicherter Entwurf',
    changedBy: (who, when) => `${who} hat ihn ${when} geändert und keine Version gespeichert.`,
    somebody: 'Jemand',
  },
  nav: {
    flows: 'Flows',
    executions: 'Ausführungen',
    failures: 'Fehler',
    alerts: 'Alarme',
    analytics: 'Auswertung',
    agents: 'Agenten',
    approvals: 'Freigaben',
    secrets: 'Geheimnisse',
    audit: 'Audit-Protokoll',
    members: 'Mitglieder',
    tenants: 'Mandanten',
    keys: 'API-Schlüssel',
    label: 'Hauptmenü',
    open: 'Navigation öffnen',
    close: 'Navigation schließen',
    skip: 'Zum Inhalt springen',
    waiting: (executions) =>
      executions === '1'
        ? '1 Ausführung wartet auf einen Menschen'
        : `${executions} Ausführungen warten auf einen Menschen`,
    awaiting: (executions) =>
      executions === '1' ? '1 Ausführung wartet auf Freigabe' : `${executions} Ausführungen warten auf Freigabe`,
    assigned: (groups) =>
      groups === 1 ? '1 Fehlergruppe ist Ihnen zugewiesen' : `${groups} Fehlergruppen sind Ihnen zugewiesen`,
    api: 'API-Referenz',
  },
  help: {
    title: 'Hilfe',
    docs: 'Dokumentation',
    tour: 'Rundgang starten',
  },
  damaged: {
    title: (entries) => counted(entries, 'Eintrag ist nicht lesbar', 'Einträge sind nicht lesbar'),
    deleteAdvice:
      'Was von ihnen gespeichert ist, ist beschädigt; alles andere funktioniert. Stellen Sie die Datenbank aus einer Sicherung wieder her, oder löschen Sie die Einträge. `steadflow doctor` prüft alles Gespeicherte.',
    executionAdvice:
      'Was von ihnen gespeichert ist, ist beschädigt; alles andere funktioniert. Stellen Sie die Datenbank aus einer Sicherung wieder her; sie werden mit ihrem Flow gelöscht. `steadflow doctor` prüft alles Gespeicherte.',
    delete: 'Löschen',
    deleteOf: (id) => `${id} löschen`,
    deleteAsk: 'Wird mit allen Versionen gelöscht, ein Flow auch mit seinen Ausführungen. Das ist endgültig.',
    deleteYes: 'Löschen',
    keep: 'Behalten',
  },
  usage: {
    tokens: (input, parts, output) =>
      parts.length === 0
        ? `${input} gesendet, ${output} erhalten`
        : `${input} gesendet (davon ${parts.join(', ')}), ${output} erhalten`,
    cached: (tokens) => `${tokens} aus dem Cache`,
    written: (tokens) => `${tokens} in den Cache geschrieben`,
    cost: (cost) => ` · Kosten ${cost}`,
  },
  theme: {
    light: 'Hell',
    dark: 'Dunkel',
    auto: 'System',
    change: 'Farbschema ändern',
  },
  language: { change: 'Sprache ändern' },
  loading: 'Wird geladen…',
  clearSearch: 'Suche leeren',
  warning: 'Warnung:',
  notify: {
    on: 'Benachrichtigungen einschalten',
    off: 'Benachrichtigungen ausschalten',
    isOn: 'Sie erfahren von wartenden Entscheidungen und von Fehlern Ihrer Ausführungen, während das Studio im Hintergrund ist.',
    refused:
      'Der Browser erlaubt keine Benachrichtigungen. Erlauben Sie sie in seinen Einstellungen für diese Website.',
    words: 'benachrichtigen browser desktop alarm glocke notify',
    decisions: (count) =>
      count === 1 ? '1 Ausführung wartet auf eine Entscheidung' : `${count} Ausführungen warten auf eine Entscheidung`,
    approvals: (count) =>
      count === 1 ? '1 Ausführung wartet auf Freigabe' : `${count} Ausführungen warten auf Freigabe`,
    failed: (flow) => `Eine Ausführung von ${flow} ist fehlgeschlagen`,
    failures: (count) => `${count} Ausführungen, die Sie gestartet haben, sind fehlgeschlagen`,
  },
  linkTo: {
    node: 'Link zu diesem Knoten kopieren',
    attempt: (number) => `Link zu Versuch ${number} kopieren`,
    step: (number) => `Link zu Schritt ${number} kopieren`,
  },
  pause: {
    title: 'Alles ist pausiert',
    by: (type, id) => {
      if (!id) return 'Pausiert';
      return type === 'key' ? `Pausiert mit dem API-Schlüssel ${id}` : `Pausiert von ${id}`;
    },
    detail: 'Nichts Neues beginnt. Was läuft, wird beendet; Zeitlimits laufen weiter.',
    resume: 'Fortsetzen',
    resumed: 'Fortgesetzt. Pausierte Ausführungen laufen weiter.',
    ask: 'Alles pausieren?',
    consequence:
      'Keine Ausführung, kein Knoten und keine Wiederholung beginnt, bis jemand fortsetzt. Was läuft, wird beendet und gespeichert; neue Starts, Zeitpläne und Webhooks werden angenommen und warten. Zeitlimits laufen weiter.',
    reason: 'Grund (optional)',
    reasonHint: 'Alle sehen ihn, solange alles pausiert ist.',
    start: 'Alles pausieren',
    resumeAll: 'Alles fortsetzen',
    words: 'stoppen anhalten alles notfall schalter weiter stop pause',
  },
  palette: {
    open: 'Suchen oder springen zu…',
    hint: 'Aktion, Seite, Flow, Agent oder Ausführungs-ID suchen',
    nothing: 'Keine Treffer',
    results: (count) => (count === 1 ? '1 Ergebnis' : `${count} Ergebnisse`),
    pages: 'Gehe zu',
    flows: 'Flows',
    executions: 'Ausführungen',
    agents: 'Agenten',
    actions: 'Aktionen',
    goTo: 'gehe zu öffne seite',
    theme: { light: 'Helles Design', dark: 'Dunkles Design', auto: 'Design des Systems' },
    themeWords: 'wechseln design farbe schema modus darstellung theme',
    runFlow: (name) => `${name} ausführen`,
    runsOf: (name) => `Ausführungen von ${name}`,
    openExecution: (id) => `Ausführung ${id} öffnen`,
    searchExecutions: (text) => `Ausführungen nach „${text}“ durchsuchen`,
  },
  shortcuts: {
    title: 'Tastenkürzel',
    close: 'Schließen',
    groups: [
      {
        title: 'Überall',
        keys: [
          { keys: ['mod+K'], does: 'Etwas beim Namen tun oder zu Seite, Flow, Agent oder Ausführung gehen' },
          { keys: ['?'], does: 'Diese Tastenkürzel zeigen' },
          { keys: ['Esc'], does: 'Dialog oder Bereich schließen, Suche verlassen' },
        ],
      },
      {
        title: 'In Listen',
        keys: [
          { keys: ['/'], does: 'In der Liste suchen' },
          { keys: ['j', 'k'], does: 'Nächste Zeile, vorige Zeile' },
          { keys: ['↓', '↑'], does: 'Dasselbe, sobald eine Zeile den Fokus hat' },
          { keys: ['Enter'], does: 'Zeile öffnen' },
          { keys: ['n'], does: 'Neuer Flow, in der Liste der Flows' },
        ],
      },
      {
        title: 'In Freigaben',
        keys: [
          { keys: ['j', 'k'], does: 'Nächste, vorige' },
          { keys: ['Enter'], does: 'Von der Liste zur Anzeige gehen' },
          { keys: ['a'], does: 'Zu „Freigeben“ gehen; Enter gibt frei' },
          { keys: ['r'], does: 'Kommentar schreiben; Enter geht zu „Ablehnen“, noch einmal Enter lehnt ab' },
          { keys: ['e'], does: 'Argumente oder Ausgabe bearbeiten' },
          { keys: ['x'], does: 'Auswählen; a und r entscheiden dann über alles Ausgewählte' },
          { keys: ['Esc'], does: 'Zurück zur Liste; Auswahl beenden' },
        ],
      },
      {
        title: 'In einer Ausführung',
        keys: [{ keys: ['↓', '↑', 'Home', 'End'], does: 'Knoten in der Zeitleiste wählen' }],
      },
      {
        title: 'Im Editor',
        keys: [
          { keys: ['A'], does: 'Knoten hinzufügen, nach dem gewählten' },
          { keys: ['G'], does: 'Zu einem Knoten nach Namen gehen' },
          { keys: ['shift+F10'], does: 'Aktionen für das, was den Fokus hat, wie mit der rechten Maustaste' },
          { keys: ['mod+S', 'mod+Enter'], does: 'Speichern, ausführen' },
          { keys: ['T', 'U', 'R'], does: 'Gewählten Knoten testen; bis zu ihm ausführen; ab ihm mit festen Werten' },
          { keys: ['mod+Z', 'mod+shift+Z'], does: 'Rückgängig, wiederherstellen' },
          { keys: ['mod+C', 'mod+V', 'mod+D'], does: 'Als JSON kopieren, einfügen, duplizieren' },
          { keys: ['mod+A', 'B'], does: 'Alles wählen; Zweig ab dem gewählten Knoten wählen' },
          { keys: ['Del'], does: 'Auswahl löschen' },
          { keys: ['F', 'shift+L'], does: 'Alles zeigen, automatisch anordnen' },
          { keys: ['Enter', 'Esc'], does: 'Rumpf von Map oder Loop bearbeiten, und zurück' },
        ],
      },
    ],
  },
  partMissing:
    'Dieser Teil des Studios konnte nicht geladen werden. Versuchen Sie es noch einmal, wenn der Server erreichbar ist, oder laden Sie die Seite neu.',
  offline: {
    title: 'Der Server ist nicht erreichbar.',
    detail: 'Die gezeigten Daten können veraltet sein. Das Studio verbindet sich von selbst wieder.',
  },
  room: {
    low: {
      title: 'Die Datenbank hat nur noch wenig Platz.',
      detail:
        'Löschen Sie nicht benötigte Flows, behalten Sie Ausführungen weniger Tage (`keep`), oder vergrößern Sie die Platte oder `database_max_mib`.',
    },
    reserved: {
      title: 'Die Datenbank ist voll.',
      detail:
        'Neue Ausführungen werden abgelehnt; laufende gehen weiter. Löschen Sie nicht benötigte Flows, behalten Sie Ausführungen weniger Tage (`keep`), oder vergrößern Sie die Platte oder `database_max_mib`.',
    },
  },
  live: {
    live: 'Live',
    polling: 'Aktualisiert alle paar Sekunden',
    connecting: 'Verbindet…',
  },
  notFound: {
    title: 'Seite nicht gefunden',
    detail: 'Der Link kann veraltet oder sein Ziel gelöscht sein.',
    back: 'Zu den Ausführungen',
  },
  crash: {
    title: 'Diese Seite konnte nicht angezeigt werden',
    detail: 'Der Rest des Studios funktioniert. Flows und Ausführungen sind nicht betroffen.',
    again: 'Noch einmal versuchen',
  },
  signIn: {
    title: 'Anmelden',
    email: 'E-Mail-Adresse',
    password: 'Passwort',
    submit: 'Anmelden',
    key: 'API-Schlüssel',
    keyDetail: 'Er bleibt, bis Sie diesen Tab schließen.',
    submitKey: 'Weiter',
    useKey: 'Stattdessen einen API-Schlüssel verwenden',
    usePassword: 'Stattdessen ein Passwort verwenden',
    useOther: 'Anders anmelden',
    withProvider: (provider) => `Mit ${provider} anmelden`,
    withPasskey: 'Mit einem Passkey anmelden',
    or: 'oder',
  },
  account: {
    menu: (name) => `Konto von ${name}`,
    unnamed: 'Ohne Namen',
    role: (role) => `Rolle: ${role}`,
    roles: {
      none: 'Keine Rolle',
      viewer: 'Betrachter',
      operator: 'Operator',
      editor: 'Bearbeiter',
      admin: 'Admin',
    },
    notAllowed: (needed, own) => `Dafür ist die Rolle ${needed} nötig, Ihre ist ${own}. Fragen Sie einen Admin.`,
    own: 'Ihr Konto',
    signOut: 'Abmelden',
  },
  setSecret: (name) => `${name} setzen`,
  pages: { form: 'Formularseite öffnen', chat: 'Chat öffnen' },
  scope: { flow: 'Flow', allFlows: 'Alle Flows', period: 'Zeitraum' },
  actions: {
    retry: 'Wiederholen',
    tryAgain: 'Noch einmal versuchen',
    cancel: 'Abbrechen',
    close: 'Schließen',
    keep: 'Behalten',
    copy: 'Kopieren',
    copied: 'Kopiert',
    showAll: 'Alle zeigen',
    showLess: 'Weniger zeigen',
    clear: 'Filter entfernen',
  },
  approval: {
    title: 'Dieser Aufruf wartet auf Freigabe.',
    expires: (when) => `Er wird abgelehnt, wenn niemand vor ${when} entscheidet.`,
    approve: 'Freigeben',
    edit: 'Bearbeiten und freigeben',
    approveEdited: 'Geänderte Argumente freigeben',
    cancelEdit: 'Bearbeiten abbrechen',
    reject: 'Ablehnen',
    comment: 'Kommentar; bei einer Ablehnung liest ihn das Modell',
    edited: 'Geänderte Argumente (JSON)',
    invalid: 'Noch kein gültiges JSON-Objekt.',
    tooLong: 'Die Argumente sind zu lang, um hier bearbeitet zu werden.',
    approved: 'Freigegeben',
    approvedEdited: 'Mit geänderten Argumenten freigegeben',
    decidedBy: (what, who) => `${what} von ${who}`,
    aLink: 'einem Link',
    link: (name) => `${name} (Link)`,
    rejected: 'Abgelehnt',
    cancelled: 'Keine Auswahl',
    expired: 'Abgelehnt: niemand hat rechtzeitig entschieden',
    proposed: 'Argumente, die das Modell wollte',
  },
  request: {
    someone: 'Der Server',
    unknownForm:
      'Das Studio kann dieses Formular nicht zeigen. Lehnen Sie hier ab, oder geben Sie mit `steadflow approvals` frei, das die Eingaben als JSON annimmt (`--form`).',
  },
  inputRequest: {
    title: (agent) => `${agent} bittet um eine Eingabe.`,
    expires: (when) => `Nach ${when} wird gemeldet, dass niemand geantwortet hat.`,
    approve: 'Antwort senden',
    reject: 'Ablehnen',
    cancel: 'Nichts auswählen',
    outcome: { approved: 'Beantwortet', rejected: 'Abgelehnt', cancelled: 'Keine Auswahl' },
  },
  nodeRequest: {
    title: (node) => `${node} wartet auf eine Entscheidung.`,
    expires: (when) => `Zählt als abgelaufen, wenn niemand vor ${when} entscheidet.`,
    approve: 'Freigeben',
    reject: 'Ablehnen',
    comment: 'Kommentar; er steht in der Ausgabe des Knotens',
    outcome: { approved: 'Freigegeben', rejected: 'Abgelehnt', cancelled: 'Keine Auswahl' },
  },
  schemaForm: {
    missing: 'Das ist erforderlich.',
    noNumber: 'Keine Zahl.',
    notWhole: 'Keine ganze Zahl.',
    length: (from, to) => `Nötig sind ${between(from, to)} Zeichen.`,
    range: (from, to) => `Der Wert muss ${between(from, to)} sein.`,
    count: (from, to) => `Wählen Sie ${between(from, to)}.`,
  },
  verdicts: {
    label: 'Urteile der Prüfer',
    about: (on, tool) => (tool ? `über ${on} von ${tool}` : `über ${on}`),
    on: { input: 'die Eingabe', arguments: 'die Argumente', output: 'die Ausgabe' },
    passed: 'bestanden',
    refused: 'nicht bestanden',
    none: 'kein Urteil',
    follows: {
      fail: 'Wird es abgelehnt, schlägt der Knoten fehl.',
      repair: 'Wird es abgelehnt, erfährt es das Modell und korrigiert sich.',
      ask: 'Wird es abgelehnt, wird ein Mensch gefragt.',
    },
  },
  conversation: {
    showAll: (size) => `Alles zeigen (${size})`,
    turns: 'Runden der Sitzung',
    turn: (number) => `Runde ${number}`,
    input: 'Eingabe',
    answer: 'Antwort',
    tokens: (usage) => `Tokens: ${usage}`,
    openExecution: 'Ausführung öffnen',
    openExecutionOf: (number) => `Ausführung von Runde ${number} öffnen`,
    earlier: 'Frühere Runden zeigen',
    writtenSince: 'seitdem neu geschrieben',
    noTurns: 'Diese Runden sind nicht mehr da.',
    summary: 'Zusammenfassung',
    turnsUpTo: (turn) => (turn === 1 ? 'von Runde 1' : `der Runden 1 bis ${turn}`),
    openExecutionOfSummary: 'Ausführung der Zusammenfassung öffnen',
  },
  changes: {
    kinds: { added: 'hinzugefügt', removed: 'entfernt', changed: 'geändert' },
    was: 'vorher',
    none: 'keine',
  },
  versions: {
    compare: 'Vergleichen mit',
    previous: 'Vorige',
    current: 'Aktuelle',
    version: (version) => `Version ${version}`,
    isCurrent: 'Aktuell',
    fromCurrent: 'Das Wiederherstellen würde ändern:',
    fromPrevious: 'Änderungen in dieser Version:',
    restoreLong: (version) => `Version ${version} wiederherstellen`,
    restored: (from, to) => `Version ${from} als Version ${to} wiederhergestellt`,
  },
  sensitive: {
    masked: 'Sensible Daten sind verdeckt.',
    revealed: 'Sensible Daten werden gezeigt.',
    reveal: 'Zeigen',
    hide: 'Verdecken',
    audited: 'Das Zeigen steht im Audit-Protokoll.',
  },
  json: {
    none: 'Nichts',
    large: (size) => `${size}: zu groß, um alles zu zeigen. Kopieren oder laden Sie es herunter.`,
    more: (count) => `${count} weitere…`,
    download: 'Herunterladen',
    part: (size) => `Vorschau von ${size}`,
    all: 'Alles zeigen',
    image: 'Bild',
    unknownType: 'Unbekannter Typ',
  },
} satisfies Translation<typeof import('@/lib/texts').texts>;

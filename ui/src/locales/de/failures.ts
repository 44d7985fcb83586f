import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { formatNumber } from '@/lib/locale';

const plural = (count: number) => counted(count, 'Ausführung', 'Ausführungen');
const will = (count: number) => `${plural(count)} ${count === 1 ? 'wird' : 'werden'}`;

export default {
  title: 'Fehler',
  detail: 'Fehlgeschlagene Ausführungen, nach Ursache gruppiert.',
  wholeTime: 'Gesamter Zeitraum',
  empty: 'Keine Fehler',
  emptyDetail:
    'Fehlgeschlagene Ausführungen werden hier nach Flow, Knoten und Fehler gruppiert, damit Sie sie zusammen wiederholen können.',
  emptyScope: 'Hier sind keine Fehler',
  emptyScopeDetail: 'In diesem Zeitraum ist keine Ausführung dieses Flows fehlgeschlagen.',
  widen: 'Alle Flows und den gesamten Zeitraum zeigen',
  found: (groups, executions) => `${plural(executions)} in ${counted(groups, 'Gruppe', 'Gruppen')}`,
  foundMost: (groups) => `Die ${groups} größten Gruppen`,
  spans: {
    minutes: (count) => (count === 1 ? 'Minute' : `${count} Minuten`),
    hours: (count) => (count === 1 ? 'Stunde' : `${count} Stunden`),
    days: (count) => (count === 1 ? 'Tag' : `${count} Tage`),
  },
  columns: {
    failure: 'Fehler',
    time: (span, since) => `Je ${span} seit ${since}`,
    count: 'Ausführungen',
    unit: (executions) => (executions === 1 ? 'Ausführung' : 'Ausführungen'),
    last: 'Zuletzt',
    first: 'Zuerst',
  },
  fates: ({ open, retried, recovered }) =>
    retried === 0
      ? `${formatNumber(open)} offen`
      : `${formatNumber(open)} offen · ${formatNumber(retried)} wiederholt · ${formatNumber(recovered)} erholt`,
  sortBy: 'Sortieren nach',
  whole: 'der ganze Flow',
  unnamed: 'Gelöschter Flow',
  counts: {
    none: 'Keine Zahlen.',
    sentence: (span, since, most, at, latest) =>
      `Je ${span} seit ${since}: höchstens ${formatNumber(most)}, am ${at}; zuletzt (${span}) ${formatNumber(latest)}.`,
  },
  states: {
    label: 'Welche Gruppen',
    open: (count) => `Offen ${count}`,
    muted: (count) => `Stumm ${count}`,
    resolved: (count) => `Gelöst ${count}`,
    mine: 'Mir zugewiesen',
    none: 'Hier sind keine Gruppen',
    noneDetail: 'Wählen Sie oben andere Gruppen.',
  },
  triage: {
    menu: (message) => `Fehler verwalten: ${message}`,
    assign: 'Zuweisen an',
    toMe: 'Mich',
    unassign: 'Niemanden',
    assignedTo: 'Zugewiesen an',
    mute: 'Stumm schalten',
    hour: 'Für eine Stunde',
    day: 'Für einen Tag',
    week: 'Für eine Woche',
    untilVersion: 'Bis zum Fehler in einer neuen Version',
    unmute: 'Nicht mehr stumm schalten',
    mutedUntil: 'Stumm bis',
    mutedAfter: (version) => `Stumm bis zu einem Fehler nach Version ${version}`,
    resolve: 'Lösen',
    inCurrent: 'In der aktuellen Version',
    inNext: 'In der nächsten Version',
    resolvedAfter: (version) => `Gelöst. Öffnet sich wieder bei einem Fehler nach Version ${version}`,
    reopen: 'Wieder öffnen',
  },
  retry: 'Wiederholen…',
  retryOf: (message) => `Ausführungen wiederholen, die damit fehlgeschlagen sind: ${message}`,
  dialog: {
    title: 'Diese Ausführungen wiederholen',
    modes: 'Wo beginnen',
    fromFailed: 'Ab dem fehlgeschlagenen Knoten',
    fromFailedDetail: 'Übernimmt die Ausgaben abgeschlossener Knoten.',
    fromStart: 'Von Anfang an',
    fromStartDetail: 'Führt jeden Knoten noch einmal aus.',
    counting: 'Wird gezählt…',
    would: (executions) => `${will(executions)} wiederholt, jede als neue Ausführung.`,
    none: 'Nichts zu wiederholen.',
    noneLeft: (executions) =>
      executions === 1
        ? 'Nichts zu wiederholen: sie wurde schon wiederholt.'
        : `Nichts zu wiederholen: alle ${formatNumber(executions)} wurden schon wiederholt.`,
    wholeGroup: 'Das umfasst die ganze Gruppe, auch Fehler vor dem gezeigten Zeitraum.',
    batch: (limit) =>
      `Wiederholt die neuesten ${formatNumber(limit)}. Gibt es mehr, können Sie mit den nächsten weitermachen.`,
    later: (limit) => `Das umfasst die nächsten ${formatNumber(limit)}, die älter sind.`,
    skipped: (executions) => `${will(executions)} übersprungen:`,
    run: (executions) => `${plural(executions)} wiederholen`,
    done: (executions) => `${plural(executions)} wiederholt.`,
    left: (executions) => `${plural(executions)} übersprungen:`,
    follow: 'In Ausführungen zeigen',
    nothing: 'Es gibt nichts zu wiederholen.',
    stopped: (reason) => `Vor dem Ende angehalten: ${reason} Die anderen sind unverändert.`,
    next: (limit) => `Weiter mit den nächsten ${formatNumber(limit)}`,
  },
  progress: {
    label: 'Beendete neue Ausführungen',
    going: (ended, all) => `${formatNumber(ended)} von ${formatNumber(all)} beendet`,
    over: (all) => (all === 1 ? 'Beendet' : `Alle ${formatNumber(all)} beendet`),
    completed: (executions) => `${formatNumber(executions)} abgeschlossen`,
    failed: (executions) => `${formatNumber(executions)} wieder fehlgeschlagen`,
    cancelled: (executions) => `${formatNumber(executions)} abgebrochen`,
    open: (executions) => `${formatNumber(executions)} laufen noch`,
    retrying: (executions) => `${formatNumber(executions)} davon werden wiederholt`,
    list: 'Neue Ausführungen',
    more: (executions) => `und ${formatNumber(executions)} weitere`,
    leftList: 'Übersprungene Ausführungen zeigen',
    retriedAs: 'wiederholt als',
    closing: 'Sie können diesen Dialog schließen; die Ausführungen laufen weiter.',
  },
} satisfies Translation<typeof import('@/features/failures/texts').texts>;

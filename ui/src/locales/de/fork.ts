import type { Translation } from '@/lib/catalogue';

export default {
  button: 'Ab hier noch einmal ausführen',
  hint: 'Neue Ausführung ab diesem Knoten starten, mit diesen oder anderen Daten',
  title: (node) => `Noch einmal ab ${node} ausführen`,
  intro:
    'Startet eine neue Ausführung ab diesem Knoten. Was davor abgeschlossen wurde, wird übernommen, und diese Ausführung bleibt, wie sie ist. Aufrufe der Knoten, die laufen, werden noch einmal gemacht.',
  versions: 'Version des Flows',
  same: (version) => `Version ${version}`,
  sameDetail: 'Die dieser Ausführung',
  current: (version) => `Version ${version}`,
  currentDetail: 'Die aktuelle',
  plan: 'Plan der Abzweigung',
  data: 'Daten',
  change: 'Ändern…',
  changeLabel: 'Zu ändernde Daten',
  trigger: 'Startdaten',
  output: (node) => `Ausgabe von ${node}`,
  ownOutput: (node) => `Ausgabe von ${node}, der dann nicht läuft`,
  unchanged: 'Alle Daten bleiben, wie sie waren.',
  keep: (what) => `Alten Wert von ${what} behalten`,
  sameValue: 'Noch nicht geändert.',
  invalid: 'Etwas ist noch kein gültiges JSON.',
  difference: (what) => `Änderung von ${what}`,
  flow: (from, to) => `Änderungen des Flows von Version ${from} zu ${to}`,
  sameFlow: 'Keine Änderungen im Dokument.',
  differing: (names) =>
    `In der aktuellen Version anders: ${names}. Geben Sie für jeden eine Ausgabe an, beginnen Sie mit dem ersten davon, oder behalten Sie die Version dieser Ausführung.`,
  needsOutputs: 'Einige abgeschlossene Knoten haben sich geändert und brauchen eine Ausgabe.',
  loading: 'Der Plan wird geladen…',
  submit: 'Neue Ausführung starten',
} satisfies Translation<typeof import('@/features/executions/detail/fork-texts').texts>;

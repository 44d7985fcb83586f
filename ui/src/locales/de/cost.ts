import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

const leftOut = (rows: number) =>
  rows === 0 ? null : `${counted(rows, 'günstigste Zeile', 'günstigste Zeilen')} nicht aufgeführt.`;

export default {
  title: 'Kosten',
  detail:
    'Was Aufrufe von Modellen in beendeten Ausführungen verbraucht und gekostet haben, zu den Preisen ihrer Agenten.',
  wholeTime: 'Letzte 30 Tage',
  since: (day) => `Seit ${day} (UTC)`,
  empty: 'Keine Aufrufe von Modellen in diesem Zeitraum',
  emptyFlow: 'Keine Aufrufe von Modellen durch diesen Flow in diesem Zeitraum',
  emptyDetail: 'Aufrufe werden gezählt, wenn ihre Ausführung endet. Preise stehen im Formular eines Agenten.',
  toAgents: 'Zu den Agenten',
  currency: {
    label: 'Währung',
    hint: 'Währungen werden nie zusammengezählt.',
    none: 'Keine Währung',
  },
  facts: {
    title: 'Kennzahlen',
    cost: 'Kosten',
    noCost: '–',
    priced: 'aller Aufrufe',
    unpriced: (calls) => `ohne ${counted(calls, 'Aufruf', 'Aufrufe')}, für die kein Preis gesetzt ist`,
    lost: 'In fehlgeschlagenen Versuchen verloren',
    lostHint: (tokens, share) => `${tokens} Tokens, ${share} von allen`,
    calls: 'Aufrufe',
    callsHint: 'die ein Modell beantwortet hat',
    tokens: 'Tokens',
    tokensHint: (share) => `${share} der Eingabe kamen aus dem Cache`,
  },
  compare: { cost: 'Kosten', lost: 'Kosten fehlgeschlagener Versuche', time: (name) => `Dauer eines Aufrufs, ${name}` },
  days: {
    title: (measure) => (measure === 'cost' ? 'Kosten nach Tag' : 'Tokens nach Tag'),
    hint: (currency) => `Tage in UTC${currency ? `, in ${currency}` : ''}`,
    chart: (measure) =>
      `Balkendiagramm der ${measure === 'cost' ? 'Kosten' : 'Tokens'} nach Tag und Modell. Mit den Pfeiltasten links und rechts von Balken zu Balken gehen. Die Tabelle darunter hat dieselben Zahlen.`,
    others: 'Andere Modelle',
    nothing: 'Nichts verbraucht',
    total: 'Insgesamt',
    day: 'Tag',
  },
  timesHint: 'Perzentile der Dauer eines Aufrufs, auf 6 % genau',
  models: { title: 'Nach Modell', name: 'Modell', unknown: 'Unbekanntes Modell', leftOut },
  agents: {
    title: 'Nach Agent',
    name: 'Agent',
    deleted: 'Gelöschter Agent',
    unknown: 'Unbekannter Agent',
    leftOut,
  },
  flows: { title: 'Nach Flow', name: 'Flow', deleted: 'Gelöschter Flow', leftOut },
  versions: {
    title: 'Nach Version eines Flows',
    name: 'Flow und Version',
    of: (flow, version) => `${flow}, Version ${version}`,
    leftOut,
  },
  columns: {
    cost: 'Kosten',
    calls: 'Aufrufe',
    input: 'Eingabe-Tokens',
    cached: 'Aus dem Cache',
    written: 'In den Cache',
    output: 'Ausgabe-Tokens',
    lost: 'Verlorene Tokens',
  },
  times: { p50: 'p50', p95: 'p95', p99: 'p99' },
  noCost: '–',
  noTimes: 'keine Daten',
  table: (title) => `${title}, Tabelle`,
  asTable: 'Als Tabelle zeigen',
} satisfies Translation<typeof import('@/features/analytics/cost-texts').texts>;

import type { Translation } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { visible } from '@/lib/json-text';
import { formatNumber } from '@/lib/locale';

export default {
  also: {
    label: 'Wartet auch auf Sie',
    decisions: (count) =>
      count === '1'
        ? '1 Ausführung wartet auf eine Entscheidung, wie es weitergeht'
        : `${count} Ausführungen warten auf eine Entscheidung, wie es weitergeht`,
  },
  title: 'Freigaben',
  detail: 'Was wartet, bis ein Mensch darüber entschieden hat.',
  list: 'Was auf Freigabe wartet',
  found: (count) => counted(count, 'Freigabe wartet', 'Freigaben warten'),
  more: 'Nur die der 100 neuesten Ausführungen sind aufgeführt. Entscheiden Sie über einige, um andere zu sehen.',
  empty: 'Nichts wartet auf Freigabe',
  emptyDetail: 'Flows und Agenten kommen hierher, wenn sie einen Menschen brauchen:',
  teaches: [
    {
      title: 'Ein Knoten der Art Freigabe',
      detail:
        'fragt, bevor der Flow weitergeht, auf Wunsch mit einem Formular: Erstattungen über einer Grenze, Texte vor dem Senden.',
    },
    {
      title: 'Ein Werkzeug, das Freigabe braucht',
      detail:
        'wartet vor dem Aufruf: immer, oder wenn eine Bedingung seiner Argumente gilt, wie `input.amount > 1000`.',
    },
    {
      title: 'Eine Leitplanke mit `ask`',
      detail: 'fragt einen Menschen zu einer Ausgabe, die sie ablehnt.',
    },
    {
      title: 'Eine Aufgabe eines MCP-Servers',
      detail: 'kann mitten in ihrer Arbeit um eine Eingabe bitten.',
    },
  ],
  emptyFilter: 'Nichts passt zu den Filtern',
  keys: [
    { key: 'a', does: 'freigeben' },
    { key: 'r', does: 'ablehnen' },
    { key: 'x', does: 'auswählen' },
    { key: '?', does: 'alle Tasten' },
  ],
  deletedFlow: 'Gelöschter Flow',
  asked: 'Gefragt',
  shown: { arguments: 'Argumente', output: 'Ausgabe' },
  outputOf: (node) => `Ausgabe von ${node}`,
  refusedBy: (guardrail) => `Abgelehnt von der Leitplanke ${guardrail}`,
  settled: (title, outcome) => `${title}: ${outcome}`,
  decideOn: (title, flow) => `Über ${title} von ${flow} entscheiden`,
  expiresIn: (left) => `läuft in ${left} ab`,
  expiresAt: (when) => `läuft um ${when} ab`,
  expired: 'läuft jetzt ab',
  back: 'Zurück zur Liste',
  next: 'Nächste zeigen',
  filters: {
    flow: 'Flow',
    agent: 'Agent',
    tool: 'Werkzeug',
    all: { flow: 'Alle Flows', agent: 'Alle Agenten', tool: 'Alle Werkzeuge' },
    soon: 'Läuft innerhalb einer Stunde ab',
    sort: 'Reihenfolge',
    sorts: { expiry: 'Ablauf zuerst', oldest: 'Älteste zuerst', newest: 'Neueste zuerst' },
  },
  select: (title, flow) => `${title} von ${flow} auswählen`,
  selectAll: 'Alle aufgeführten auswählen',
  selected: (count) => `${formatNumber(count)} ausgewählt`,
  approveSelected: 'Freigeben…',
  rejectSelected: 'Ablehnen…',
  clear: 'Aufheben',
  bulk: {
    title: {
      approved: (count) => `${formatNumber(count)} auf einmal freigeben`,
      rejected: (count) => `${formatNumber(count)} auf einmal ablehnen`,
    },
    list: 'Worüber entschieden wird',
    comment: { approved: 'Kommentar, für alle', rejected: 'Warum, für alle; ein Modell liest es' },
    leftOut: (count) =>
      `${counted(count, 'davon braucht', 'davon brauchen')} eine Antwort, die einzeln ausgefüllt wird, und fehlt hier.`,
    yes: {
      approved: (count) => `${formatNumber(count)} freigeben`,
      rejected: (count) => `${formatNumber(count)} ablehnen`,
    },
    cancel: 'Abbrechen',
    results: 'Was aus ihnen wurde',
    done: { approved: 'Freigegeben', rejected: 'Abgelehnt' },
    summary: (done, gone, failed) =>
      [
        `${formatNumber(done)} entschieden`,
        gone > 0 && `${formatNumber(gone)} warteten nicht mehr`,
        failed > 0 && `${formatNumber(failed)} fehlgeschlagen`,
      ]
        .filter(Boolean)
        .join(', '),
    again: (count) => `${formatNumber(count)} noch einmal versuchen`,
    close: 'Schließen',
  },
  visit: {
    title: 'Seit Sie diese Seite geöffnet haben',
  },
  link: {
    open: 'Link kopieren',
    name: 'Für wen (optional)',
    nameDetail: 'Ein Name oder eine Adresse. Wird als entscheidende Person angezeigt.',
    nameTooLong: 'Das ist zu lang: höchstens 60 Bytes; Buchstaben wie ä brauchen zwei, Emojis vier.',
    warning:
      'Jeder, der den Link hat, kann ohne Anmeldung entscheiden, bis jemand entschieden hat. Senden Sie ihn an eine Person.',
    make: 'Link erstellen und kopieren',
    label: 'Link zum Entscheiden',
    copy: 'Link kopieren',
    copied: 'Der Link ist kopiert.',
    made: (until) => `Er gilt, bis jemand entscheidet, höchstens bis ${until}.`,
  },
  decide: {
    title: 'Entscheiden',
    done: 'Ihre Entscheidung ist gespeichert. Mehr ist nicht zu tun; Sie können diese Seite schließen.',
    sent: 'Ihre Entscheidung ist gesendet. Sie zählt, wenn sie zuerst kommt: lassen Sie diese Seite offen, bis sie zeigt, was entschieden wurde.',
    known: 'Es ist entschieden',
    unknownForm:
      'Diese Seite kann das Formular nicht zeigen, das für die Freigabe auszufüllen ist. Bitten Sie die Person, die Ihnen den Link gesendet hat, freizugeben, oder lehnen Sie hier ab.',
    decided: 'Das ist schon entschieden',
    over: 'Es ist keine Entscheidung mehr nötig',
    expired: 'Dieser Link ist abgelaufen',
    wrong: 'Dieser Link ist nicht gültig',
    works: (name, until) =>
      `Dieser Link${name === null ? '' : `, erstellt für ${visible(name)},`} gilt, bis jemand entschieden hat, höchstens bis ${until}. Jeder, der ihn hat, kann entscheiden: geben Sie ihn nicht weiter.`,
  },
  ended: 'Es wartet nicht mehr: sein Knoten oder seine Ausführung ist beendet',
} satisfies Translation<typeof import('@/features/approvals/texts').texts>;

import type { Translation } from '@/lib/catalogue';

const listed = (fields: readonly string[]) =>
  `${fields
    .slice(0, 8)
    .map((field) => `\`${field}\``)
    .join(', ')}${fields.length > 8 ? ', …' : ''}`;
const REMEDY = 'Verwenden Sie `| default(…)` oder `is defined`.';

export default {
  doubt: {
    skipped: ({ read }) =>
      `\`${read.node}\` kann übersprungen werden, bevor dies läuft, deshalb kann \`${read.text}\` fehlen. ${REMEDY}`,
    absent: ({ read, field, there }, isPinned) =>
      `\`${read.text}\`: ${isPinned ? 'der angeheftete Wert' : 'das Schema'} hat kein Feld \`${field}\`; es gibt ${there.length > 0 ? listed(there) : 'keine'}.`,
    optional: ({ read, field }) => `\`${read.text}\`: \`${field}\` kann fehlen. ${REMEDY}`,
  },
  waitsForPerson:
    'Hier entscheidet eine Person, ein Test kann das nicht. Heften Sie eine Ausgabe an: was sie entscheiden würde.',
  waitsForEvent:
    'Dieser Knoten wartet auf ein Ereignis, ein Test kann das nicht. Heften Sie eine Ausgabe an: das Ereignis.',
  startsChildren:
    'Dieser Knoten startet eigene Ausführungen, deshalb wird er durch eine Ausführung des Flows getestet. Heften Sie eine Ausgabe an, um weiterzumachen.',
  inBody:
    'Ein Knoten eines Rumpfs liest, was der Knoten um ihn gibt, deshalb wird er durch eine Ausführung des Flows getestet.',
  notJson: (name) => `Der angeheftete Wert von „${name}“ ist kein gültiges JSON. Korrigieren Sie ihn zuerst.`,
  busy: 'Ein anderer Test läuft schon.',
} satisfies Translation<typeof import('@/features/flows/editor/bench/texts').texts>;

import type { Translation } from '@/lib/catalogue';

export default {
  asValue: 'Wert eingeben',
  asExpression: 'Ausdruck eingeben',
  addPair: 'Hinzufügen',
  key: 'Schlüssel',
  value: 'Wert',
  removePair: (key) => `${key || 'Zeile'} entfernen`,
  entry: (title, number) => `${title} ${number}`,
  raiseEntry: (number) => `Eintrag ${number} nach oben`,
  removeEntry: (number) => `Eintrag ${number} entfernen`,
  notJson: 'Noch kein gültiges JSON. Gilt, sobald es gültig ist.',
  kind: (title) => `Art: ${title}`,
  preview: {
    value: 'Wert:',
    missing: 'Noch kein Wert:',
    hidden: 'Sensibel',
    empty: '(leerer Text)',
  },
  choices: {
    all: 'Alle Kanten entschieden',
    any: 'Erste Kante genommen',
    ask: 'Um eine Entscheidung bitten',
    fail: 'Fehlschlagen',
    retry: 'Wiederholen',
    wait: 'Warten',
    interrupt: 'Unterbrechen',
  },
} satisfies Translation<typeof import('@/features/flows/editor/form/texts').texts>;

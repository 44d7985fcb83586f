import { catalogue } from '@/lib/catalogue';

export const texts = catalogue('editor-form', {
  asValue: 'Enter a value',
  asExpression: 'Enter an expression',
  addPair: 'Add',
  key: 'Key',
  value: 'Value',
  removePair: (key: string) => `Remove ${key || 'row'}`,
  entry: (title: string, number: number) => `${title} ${number}`,
  raiseEntry: (number: number) => `Move entry ${number} up`,
  removeEntry: (number: number) => `Remove entry ${number}`,
  notJson: 'Not valid JSON yet. Applied once it is valid.',
  kind: (title: string) => `Kind of ${title.toLowerCase()}`,
  preview: {
    value: 'Value:',
    missing: 'No value yet:',
    hidden: 'Sensitive',
    empty: '(empty text)',
  },
  /** Values of the schemas that need more than their own word. */
  choices: {
    all: 'All edges decided',
    any: 'First edge taken',
    ask: 'Ask for a decision',
    fail: 'Fail',
    retry: 'Retry',
    wait: 'Wait',
    interrupt: 'Interrupt it',
  } as Readonly<Record<string, string>>,
} as const);

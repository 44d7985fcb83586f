export const texts = {
  asValue: 'Enter a value',
  asExpression: 'Enter an expression',
  addPair: 'Add',
  key: 'Key',
  value: 'Value',
  removePair: (key: string) => `Remove ${key || 'row'}`,
  notJson: 'Not valid JSON yet. Applied once it is valid.',
  kind: (title: string) => `Kind of ${title.toLowerCase()}`,
} as const;

export const texts = {
  asValue: 'Give a value',
  asExpression: 'Give an expression',
  addPair: 'Add',
  key: 'Key',
  value: 'Value',
  removePair: (key: string) => `Remove ${key || 'row'}`,
  notJson: 'This is not JSON yet; it is taken over as soon as it is.',
  unset: 'Not set',
  kind: (title: string) => `Kind of ${title.toLowerCase()}`,
} as const;

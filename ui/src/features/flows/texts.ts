export const texts = {
  label: 'Flow',
  goneTitle: 'Flow not found',
  goneDetail: 'It may have been deleted, or the address may be wrong.',
  toList: 'Go to flows',
} as const;

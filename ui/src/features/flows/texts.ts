export const texts = {
  label: 'Flow',
  goneTitle: 'This flow is gone',
  goneDetail: 'It was deleted, or the address is not quite right.',
  toList: 'Go to flows',
} as const;

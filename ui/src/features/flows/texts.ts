export const texts = {
  label: 'Flow',
  goneTitle: 'Flow not found',
  goneDetail: 'It may have been deleted, or the address may be wrong.',
  toList: 'Go to flows',
  compare: {
    title: (flow: string) => `Compare versions of ${flow}`,
    command: 'Compare versions on the canvas',
    commandWords: 'diff changes difference',
    group: 'This flow',
    before: 'Before',
    after: 'After',
    current: (version: number) => `Version ${version} (current)`,
    canvas: 'Both versions on one canvas',
    changes: 'Changes',
    same: 'The two versions are the same.',
    missing: 'Choose two versions to compare.',
  },
} as const;

import { catalogue } from '@/lib/catalogue';

export const texts = catalogue('flows', {
  label: 'Flow',
  goneTitle: 'Flow not found',
  goneDetail: 'It may have been deleted, or the address may be wrong.',
  toList: 'Go to flows',
  commands: {
    group: 'This flow',
    compare: 'Compare versions on the canvas',
    compareWords: 'diff changes difference',
    move: 'Move to a folder…',
  },
  compare: {
    title: (flow: string) => `Compare versions of ${flow}`,
    before: 'Before',
    after: 'After',
    current: (version: number) => `Version ${version} (current)`,
    canvas: 'Both versions on one canvas',
    changes: 'Changes',
    same: 'The two versions are the same.',
    missing: 'Choose two versions to compare.',
  },
} as const);

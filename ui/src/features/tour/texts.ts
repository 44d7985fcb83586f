import { catalogue } from '@/lib/catalogue';

export const texts = catalogue('tour', {
  label: 'Tour',
  steps: ['Create a flow', 'See it fail', 'Retry it'],
  skip: 'Skip tour',
  finish: 'Finish',
  create: {
    detail: 'A flow of three nodes. The one in the middle calls a service that is not ready yet.',
    action: 'Create it',
  },
  run: {
    detail: 'Run it, and watch: the attempt fails, waits, and is made again until no retry is left.',
    action: 'Run it',
    running: 'It runs. The page shows each attempt, and the countdown to the next one.',
  },
  retry: {
    detail: 'It has failed, and nothing is lost. Press Retry: what has completed is reused, and the rest runs.',
    action: 'Open the failed execution',
    running: 'The retry runs.',
  },
  done: {
    detail: 'Done: your own flow has failed, and was retried from where it failed.',
    next: 'Open your flow',
  },
  flow: {
    name: 'Tour: a call that fails at first',
    description: 'Made by the tour. Delete it whenever you like.',
  },
  nodes: { start: 'Start', call: 'Call the service', report: 'Report' },
  failed: 'That did not work. Try again.',
} as const);

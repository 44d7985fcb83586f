import { catalogue } from '@/lib/catalogue';

/** What new flows can begin with. */
export const texts = catalogue('flow-starters', {
  empty: { label: 'Empty', detail: 'Just a trigger.' },
  call: {
    label: 'HTTP call with retries',
    detail: 'Calls a URL, waits 1, 2 and 4 s between attempts, and transforms the response.',
  },
  branch: {
    label: 'Check and branch',
    detail: 'Reads a risk score from the trigger data and takes one of two branches.',
  },
  ask: { label: 'Ask before failing', detail: 'Waits for a person’s decision after all attempts have failed.' },
  nodes: {
    start: 'Start',
    fetch: 'Call',
    report: 'Report',
    risky: 'Is it risky?',
    refuse: 'Refuse',
    accept: 'Accept',
    book: 'Book',
  },
  imported: 'Imported flow',
  noFlow: 'A flow is a JSON object with `name` and `flow_definition`.',
  templates: {
    uses: {
      router: 'Router',
      'research-agent': 'Research agent',
      'order-saga': 'Saga',
      'nightly-batch': 'Batch',
      refund: 'Approval',
    },
    gone: 'The template is not there',
    goneDetail: (id: string) => `The server has no example ${id}.`,
    agent: (name: string, description: string) => `An agent in the place of “${name}”: ${description}.`,
    services: (address: string) => `Your own services in the place of ${address}.`,
  },
} as const);

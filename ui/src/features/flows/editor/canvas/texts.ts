const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

export const texts = {
  palette: {
    title: 'Add a node',
    hint: 'Drag onto the canvas, or click. Key A jumps here.',
    add: 'Add node',
    close: 'Close',
  },
  canvas: {
    label: 'Flow canvas',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Fit to view',
    cycle: 'That edge would close a cycle.',
    emptyTitle: 'Start with one node',
    emptyDetail: 'A flow is a graph: each node does one thing, and edges say what comes next.',
    emptySteps: [
      'Choose a node here, or drag one from the list.',
      'Pull from the dot on its right side to join it to the next; from the red one below for what comes after an error.',
      'Choose a node to fill in its form. Problems show as you type.',
    ],
    outHandle: 'What comes next',
    errorHandle: 'What comes after an error',
    trueHandle: 'When it holds',
    falseHandle: 'When it does not hold',
  },
  badges: {
    noRetry: 'Never retried',
    retry: (times: number) => `Retried up to ${count(times, 'time', 'times')}`,
    retryOwn: 'Retry settings of its own',
    timeout: (length: string) => `Each attempt may take ${length}`,
    joinAny: 'Runs as soon as one incoming edge is taken',
    asks: 'Asks a person',
    faults: (faults: number) => count(faults, 'problem', 'problems'),
  },
  problems: {
    title: 'Problems',
    none: 'No problems',
    checking: 'Checking…',
    unreachable: 'The server could not check it just now.',
    count: (faults: number) => count(faults, 'problem', 'problems'),
    flow: 'Flow',
    edge: (from: string, to: string) => `${from} → ${to}`,
    show: 'Show problems',
    hide: 'Hide problems',
  },
} as const;

import { counted } from '@/lib/counted';

export const texts = {
  palette: {
    title: 'Add a node',
    hint: 'Drag onto the canvas, or click. Press A to jump here.',
    add: 'Add node',
    close: 'Close',
  },
  canvas: {
    label: 'Flow canvas',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Fit to view',
    cycle: 'This edge would create a cycle.',
    emptyTitle: 'Start with one node',
    emptyDetail: 'A flow is a graph. Each node does one thing; edges define what runs next.',
    emptyGuide: [
      'Choose a node here, or drag one from the list.',
      'Drag from the dot on its right to connect the next node, or from the red dot below to handle errors.',
      'Select a node to edit its settings. Problems appear as you type.',
    ],
    outHandle: 'Next node',
    errorHandle: 'On error',
    trueHandle: 'If true',
    falseHandle: 'If false',
  },
  badges: {
    noRetry: 'No retries',
    retry: (times: number) => `Up to ${counted(times, 'retry', 'retries')}`,
    retryOwn: 'Overrides flow retries',
    timeout: (length: string) => `Timeout per attempt: ${length}`,
    joinAny: 'Runs as soon as one incoming edge is taken',
    asks: 'Waits for a decision',
    faults: (faults: number) => counted(faults, 'problem'),
  },
  problems: {
    title: 'Problems',
    none: 'No problems',
    checking: 'Checking…',
    unreachable: 'The server could not check the flow.',
    count: (faults: number) => counted(faults, 'problem'),
    flow: 'Flow',
    edge: (from: string, to: string) => `${from} → ${to}`,
    show: 'Show problems',
    hide: 'Hide problems',
  },
} as const;

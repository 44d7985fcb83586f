import { catalogue } from '@/lib/catalogue';

/** Texts of forks. */
export const texts = catalogue('fork', {
  button: 'Run again from here',
  hint: 'Start a new run from this node, with this data or with other data',
  title: (node: string) => `Run again from ${node}`,
  intro:
    'Starts a new run from this node. What completed before it is reused, and this run stays as it is. Calls of nodes that run are made again.',
  versions: 'Version of the flow',
  same: (version: number) => `Version ${version}`,
  sameDetail: 'The one of this run',
  current: (version: number) => `Version ${version}`,
  currentDetail: 'The current one',
  plan: 'Fork plan',
  data: 'Data',
  change: 'Change…',
  changeLabel: 'Data to change',
  trigger: 'Trigger data',
  output: (node: string) => `Output of ${node}`,
  ownOutput: (node: string) => `Output of ${node}, which then does not run`,
  unchanged: 'All data stays as it was.',
  keep: (what: string) => `Keep the old value of ${what}`,
  sameValue: 'Not changed yet.',
  invalid: 'Something is not valid JSON yet.',
  difference: (what: string) => `Change of ${what}`,
  flow: (from: number, to: number) => `Changes of the flow from version ${from} to ${to}`,
  sameFlow: 'No changes in the document.',
  differing: (names: string) =>
    `Not the same in the current version: ${names}. Give an output for each, start from the first of them, or keep the version of this run.`,
  needsOutputs: 'Some completed nodes have changed, and need an output.',
  loading: 'Loading the plan…',
  submit: 'Start new run',
} as const);

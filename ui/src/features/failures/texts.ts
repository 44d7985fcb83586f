export const texts = {
  title: 'Failures',
  detail: 'Failed executions, grouped by what went wrong.',
  wholeTime: 'All time',
  empty: 'Nothing has failed',
  emptyDetail: 'Executions that fail are grouped here by flow, node and error, so that they can be retried together.',
  emptyScope: 'Nothing has failed here',
  emptyScopeDetail: 'No execution of this flow, or of this time, has failed.',
  widen: 'Show all flows and all time',
  found: (groups: number, executions: number) =>
    `${plural(executions)} in ${groups === 1 ? '1 group' : `${groups.toLocaleString('en')} groups`}`,
  /** The API gives the largest hundred. */
  foundMost: (groups: number) => `The ${groups} largest groups`,
  columns: {
    failure: 'What failed',
    time: (span: string, since: string) => `By ${span} since ${since}`,
    count: 'Executions',
    last: 'Last seen',
    first: 'First seen',
  },
  sortBy: 'Sort by',
  whole: 'the whole flow',
  unnamed: 'A deleted flow',
  counts: {
    none: 'No counts.',
    told: (span: string, since: string, most: number, at: string, latest: number) =>
      `By ${span} since ${since}: most on ${at}, ${most.toLocaleString('en')}; in the last ${span} ${latest.toLocaleString('en')}.`,
  },
  retry: 'Retry…',
  retryOf: (message: string) => `Retry executions that failed with: ${message}`,
  dialog: {
    title: 'Retry these executions',
    modes: 'Where to begin',
    fromFailed: 'From the failed node',
    fromFailedDetail: 'Takes over the outputs of nodes that completed.',
    fromStart: 'From the start',
    fromStartDetail: 'Runs every node again.',
    counting: 'Counting…',
    would: (count: number) => `${plural(count)} would be retried, each as a new one.`,
    none: 'None of them would be retried.',
    wholeGroup: 'The whole group is meant, also what failed before the time that is shown.',
    batch: (limit: number) =>
      `There may be more: one press takes the newest ${limit.toLocaleString('en')}, then you can go on with those before.`,
    later: (limit: number) => `This is about the ${limit.toLocaleString('en')} before those.`,
    skipped: (count: number) => `${plural(count)} would be left out:`,
    run: (count: number) => `Retry ${plural(count)}`,
    done: (count: number) => `${plural(count)} retried.`,
    left: (count: number) => `${plural(count)} left out:`,
    follow: 'Watch them run',
    nothing: 'There is nothing to retry.',
    next: (limit: number) => `Go on with the next ${limit.toLocaleString('en')}`,
  },
  progress: {
    label: 'New executions that have ended',
    going: (ended: number, all: number) => `${ended.toLocaleString('en')} of ${all.toLocaleString('en')} have ended`,
    over: (all: number) => (all === 1 ? 'It has ended' : `All ${all.toLocaleString('en')} have ended`),
    completed: (count: number) => `${count.toLocaleString('en')} completed`,
    failed: (count: number) => `${count.toLocaleString('en')} failed again`,
    cancelled: (count: number) => `${count.toLocaleString('en')} cancelled`,
    open: (count: number) => `${count.toLocaleString('en')} still running`,
    retrying: (count: number) => `${count.toLocaleString('en')} of them retrying`,
    list: 'The new executions',
    more: (count: number) => `and ${count.toLocaleString('en')} more`,
    leftList: 'Show which',
    retriedAs: 'retried as',
    closing: 'You may close this: they run on.',
  },
} as const;

function plural(count: number): string {
  return count === 1 ? '1 execution' : `${count.toLocaleString('en')} executions`;
}

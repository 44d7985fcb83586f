export const texts = {
  title: 'Failures',
  detail: 'Failed executions, grouped by what went wrong.',
  wholeTime: 'All time',
  empty: 'Nothing has failed',
  emptyDetail: 'Executions that fail are grouped here by flow, node and error, so that they can be retried together.',
  columns: { failure: 'What failed', count: 'Executions', last: 'Last seen', first: 'First seen' },
  whole: 'the whole flow',
  unnamed: 'A deleted flow',
  list: (count: number) => `Show ${count === 1 ? 'the execution' : `all ${count.toLocaleString('en')} executions`}`,
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
    limit: (count: number) => `Only the newest ${count.toLocaleString('en')} are looked at; retry again for the rest.`,
    skipped: (count: number) => `${plural(count)} would be left out:`,
    run: (count: number) => `Retry ${plural(count)}`,
    done: (count: number) => `${plural(count)} retried.`,
    left: (count: number) => `${plural(count)} left out:`,
    follow: 'Watch them run',
    nothing: 'There is nothing to retry.',
  },
} as const;

function plural(count: number): string {
  return count === 1 ? '1 execution' : `${count.toLocaleString('en')} executions`;
}

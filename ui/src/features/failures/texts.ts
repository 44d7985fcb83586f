import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { formatNumber } from '@/lib/locale';

export const texts = catalogue('failures', {
  title: 'Failures',
  detail: 'Failed executions, grouped by cause.',
  wholeTime: 'All time',
  empty: 'No failures',
  emptyDetail: 'Failed executions are grouped here by flow, node and error, so that you can retry them together.',
  emptyScope: 'No failures here',
  emptyScopeDetail: 'No execution of this flow failed in this period.',
  widen: 'Show all flows and all time',
  found: (groups: number, executions: number) => `${plural(executions)} in ${counted(groups, 'group')}`,
  /** The API returns the largest hundred. */
  foundMost: (groups: number) => `The ${groups} largest groups`,
  spans: {
    minutes: (count: number) => (count === 1 ? 'minute' : `${count} minutes`),
    hours: (count: number) => (count === 1 ? 'hour' : `${count} hours`),
    days: (count: number) => (count === 1 ? 'day' : `${count} days`),
  },
  columns: {
    failure: 'Failure',
    time: (span: string, since: string) => `Per ${span} since ${since}`,
    count: 'Executions',
    unit: (executions: number) => (executions === 1 ? 'execution' : 'executions'),
    last: 'Last seen',
    first: 'First seen',
  },
  /** What became of the executions of a group. */
  fates: ({ open, retried, recovered }: { open: number; retried: number; recovered: number }) =>
    retried === 0
      ? `${formatNumber(open)} open`
      : [open, retried, recovered]
          .map((count, at) => `${formatNumber(count)} ${['open', 'retried', 'recovered'][at]}`)
          .join(' · '),
  sortBy: 'Sort by',
  whole: 'the whole flow',
  unnamed: 'Deleted flow',
  counts: {
    none: 'No counts.',
    sentence: (span: string, since: string, most: number, at: string, latest: number) =>
      `Per ${span} since ${since}: at most ${formatNumber(most)}, on ${at}; in the last ${span} ${formatNumber(latest)}.`,
  },
  states: {
    label: 'Which groups',
    open: (count: number) => `Open ${count}`,
    muted: (count: number) => `Muted ${count}`,
    resolved: (count: number) => `Resolved ${count}`,
    mine: 'Assigned to me',
    none: 'No groups here',
    noneDetail: 'Choose other groups above.',
  },
  triage: {
    menu: (message: string) => `Manage failures with: ${message}`,
    assign: 'Assign to',
    toMe: 'Me',
    unassign: 'Nobody',
    assignedTo: 'Assigned to',
    mute: 'Mute',
    hour: 'For an hour',
    day: 'For a day',
    week: 'For a week',
    untilVersion: 'Until it fails in a new version',
    unmute: 'Unmute',
    mutedUntil: 'Muted until',
    mutedAfter: (version: number) => `Muted until it fails after version ${version}`,
    resolve: 'Resolve',
    inCurrent: 'In the current version',
    inNext: 'In the next version',
    resolvedAfter: (version: number) => `Resolved. Reopens if it happens after version ${version}`,
    reopen: 'Reopen',
  },
  retry: 'Retry…',
  retryOf: (message: string) => `Retry executions that failed with: ${message}`,
  dialog: {
    title: 'Retry these executions',
    modes: 'Where to start',
    fromFailed: 'From the failed node',
    fromFailedDetail: 'Reuses the outputs of completed nodes.',
    fromStart: 'From the start',
    fromStartDetail: 'Runs every node again.',
    counting: 'Counting…',
    would: (executions: number) => `${plural(executions)} will be retried, each as a new run.`,
    none: 'Nothing to retry.',
    noneLeft: (executions: number) =>
      executions === 1
        ? 'Nothing to retry: it was already retried.'
        : `Nothing to retry: all ${formatNumber(executions)} were already retried.`,
    wholeGroup: 'This covers the whole group, including failures before the period shown.',
    batch: (limit: number) =>
      `Retries the newest ${formatNumber(limit)}. If there are more, you can continue with the next batch.`,
    later: (limit: number) => `This batch covers the next ${formatNumber(limit)}, which are older.`,
    skipped: (executions: number) => `${plural(executions)} will be skipped:`,
    run: (executions: number) => `Retry ${plural(executions)}`,
    done: (executions: number) => `${plural(executions)} retried.`,
    left: (executions: number) => `${plural(executions)} skipped:`,
    follow: 'Show in executions',
    nothing: 'There is nothing to retry.',
    stopped: (reason: string) => `Stopped before the end: ${reason} The others are unchanged.`,
    next: (limit: number) => `Continue with the next ${formatNumber(limit)}`,
  },
  progress: {
    label: 'Finished new executions',
    going: (ended: number, all: number) => `${formatNumber(ended)} of ${formatNumber(all)} finished`,
    over: (all: number) => (all === 1 ? 'Finished' : `All ${formatNumber(all)} finished`),
    completed: (executions: number) => `${formatNumber(executions)} completed`,
    failed: (executions: number) => `${formatNumber(executions)} failed again`,
    cancelled: (executions: number) => `${formatNumber(executions)} cancelled`,
    open: (executions: number) => `${formatNumber(executions)} still running`,
    retrying: (executions: number) => `${formatNumber(executions)} of them retrying`,
    list: 'New executions',
    more: (executions: number) => `and ${formatNumber(executions)} more`,
    leftList: 'Show skipped executions',
    retriedAs: 'retried as',
    closing: 'You can close this dialog; the executions keep running.',
  },
} as const);

function plural(executions: number): string {
  return counted(executions, 'execution');
}

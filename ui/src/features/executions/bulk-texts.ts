import type { BulkAction } from '@/api/executions';
import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { formatNumber } from '@/lib/locale';

const executions = (count: number) => counted(count, 'execution');

export const bulkTexts = catalogue('bulk', {
  select: (flow: string) => `Select the execution of ${flow}`,
  selectLoaded: 'Select all loaded executions',
  toolbar: 'Selected executions',
  selected: (count: number) => `${formatNumber(count)} selected`,
  selectedAll: 'All matching executions',
  selectAll: 'Select all that match',
  clear: 'Clear selection',
  actions: { cancel: 'Cancel', pause: 'Pause', resume: 'Resume', retry: 'Retry' } satisfies Record<BulkAction, string>,
  titles: {
    cancel: 'Cancel executions',
    pause: 'Pause executions',
    resume: 'Resume executions',
    retry: 'Retry executions',
  } satisfies Record<BulkAction, string>,
  about: {
    cancel: 'Everything in flight is stopped. This cannot be undone, but cancelled executions can be retried.',
    pause: 'What is in flight finishes; nothing new starts. Timeouts keep counting.',
    resume: 'They continue where they were paused.',
    retry: 'Each is started again as a new execution. Those that were retried before are skipped.',
  } satisfies Record<BulkAction, string>,
  modes: 'Where to start',
  fromFailed: 'From the failed node',
  fromFailedDetail: 'Keeps completed nodes and runs the rest on the same version',
  fromStart: 'From the start',
  fromStartDetail: 'Runs everything again on the current version',
  counting: 'Checking…',
  would: {
    cancel: (count: number) => `${executions(count)} will be cancelled.`,
    pause: (count: number) => `${executions(count)} will be paused.`,
    resume: (count: number) => `${executions(count)} will be resumed.`,
    retry: (count: number) => `${executions(count)} will be retried.`,
  } satisfies Record<BulkAction, (count: number) => string>,
  atLeast: 'More may match: only the newest 10,000 were checked.',
  none: 'Nothing to do for these executions.',
  skipped: (count: number) => `${executions(count)} skipped:`,
  run: {
    cancel: (count: number) => `Cancel ${executions(count)}`,
    pause: (count: number) => `Pause ${executions(count)}`,
    resume: (count: number) => `Resume ${executions(count)}`,
    retry: (count: number) => `Retry ${executions(count)}`,
  } satisfies Record<BulkAction, (count: number) => string>,
  back: 'Back',
  progress: 'Progress',
  going: (done: number, all: number) => `${formatNumber(done)} of ${executions(all)}…`,
  stop: 'Stop',
  done: {
    cancel: (count: number) => `${executions(count)} cancelled.`,
    pause: (count: number) => `${executions(count)} paused.`,
    resume: (count: number) => `${executions(count)} resumed.`,
    retry: (count: number) => `${executions(count)} retried as new executions.`,
  } satisfies Record<BulkAction, (count: number) => string>,
  halted: 'Stopped before the end. The rest is unchanged.',
  close: 'Close',
} as const);

import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { formatNumber } from '@/lib/locale';

export const texts = catalogue('analytics', {
  export: { label: 'Export CSV', nothing: 'There is nothing to export.' },
  tabs: { label: 'Analytics', retries: 'Retries', costs: 'Costs' },
  title: 'Retry analytics',
  detail: 'Outcomes of finished runs, and what retries saved.',
  wholeTime: 'Last 24 hours',
  since: (moment: string) => `Since ${moment}`,
  empty: 'No finished runs in this period',
  emptyDetail: 'Executions are counted when they finish. Run a flow, or choose a longer period.',
  emptyFlow: 'No finished runs of this flow in this period',
  toFlows: 'Go to flows',
  facts: {
    outcomes: 'Outcomes',
    executions: 'Finished',
    executionsHint: 'executions',
    before: (value: string) => `${value} in the period before`,
    firstTry: 'First attempt',
    firstTryHint: 'no failed attempt',
    recovered: 'Recovered',
    recoveredHint: 'completed after retries',
    exhausted: 'Failed',
    exhaustedHint: 'after their last attempt',
    timedOut: 'Timed out',
    timedOutHint: 'flow timeout reached',
    success: 'Success rate',
    successHint: (withoutRetries: string) => `${withoutRetries} without retries`,
    costs: 'Cost of failures',
    lostTime: 'Time in failed attempts',
    lostTimeHint: (attempts: string) => `lost in ${attempts}`,
    attempts: (attempts: number) => counted(attempts, 'attempt'),
    backoff: 'Time in backoff',
    backoffHint: 'waiting for the next attempt',
    tokens: 'Tokens lost',
    tokensHint: 'used by failed attempts',
    manual: 'Retried manually',
    manualNone: 'executions',
    manualHint: (completed: number, failed: number, cancelled: number) =>
      [`${completed} completed`, `${failed} failed`, cancelled > 0 ? `${cancelled} cancelled` : '']
        .filter(Boolean)
        .join(', '),
  },
  compare: {
    title: 'Compared with another period',
    day: 'First day of the other period, as long as this one (UTC)',
    measure: 'Measure',
    now: 'This period',
    other: 'Other period',
    change: 'Change',
    same: 'no change',
    /** Less than half a percent. */
    slight: '±0%',
    none: '–',
    points: (difference: string) => `${difference} points`,
    firstTry: 'Completed at first attempt',
    mean: 'Mean duration',
  },
  time: {
    title: 'Over time',
    steps: { day: 'day (UTC)', hour: 'hour', hours: (hours: number) => `${hours} hours` },
    hint: (step: string) => `Finished executions per ${step}`,
    chart: (step: string) =>
      `Bar chart of finished executions per ${step}. Use the left and right arrow keys to move between bars. The table below has the same numbers.`,
    series: {
      first_try: 'First attempt',
      recovered: 'Recovered',
      exhausted: 'Failed',
      timed_out: 'Timed out',
      cancelled: 'Cancelled',
    },
    success: 'Success rate',
    nothing: 'Nothing finished',
    ended: 'Finished',
    all: '100%',
    none: '0',
  },
  attempts: {
    title: 'Attempts',
    hint: 'Node executions by number of attempts',
    one: '1 attempt',
    many: (attempts: number) => `${attempts} attempts`,
    none: 'No node has run.',
  },
  flows: {
    title: 'By flow',
    name: 'Flow',
    unnamed: 'Deleted flow',
    leftOut: (count: number) => leftOut(count, 'flow'),
  },
  latency: {
    table: 'Latency by version, table',
    title: 'Latency by version',
    hint: (executions: number) =>
      `Of the newest ${counted(executions, 'finished execution')}, backoffs and waits included`,
    name: 'Flow',
    version: 'Version',
    executions: 'Finished',
    success: 'Success',
    p50: 'p50',
    p95: 'p95',
    p99: 'p99',
  },
  nodes: { title: 'By node', name: 'Node', leftOut: (count: number) => leftOut(count, 'node') },
  errors: {
    title: 'By error class',
    hint: 'Why attempts failed',
    name: 'Error class',
    attempts: 'Failed attempts',
    executions: 'Failed executions',
    none: 'No attempt has failed.',
  },
  columns: {
    mix: 'Outcomes',
    success: 'Success',
    executions: 'Finished',
    firstTry: 'First attempt',
    recovered: 'Recovered',
    exhausted: 'Failed',
    timedOut: 'Timed out',
    attempts: 'Attempts',
    lost: 'Time lost',
  },
  asTable: 'Show as table',
  start: 'From',
  showAll: (rows: number) => `Show all ${formatNumber(rows)}`,
} as const);

function leftOut(count: number, noun: string): string | null {
  if (count === 0) return null;
  if (count === 1) return `The ${noun} with the fewest failed attempts is not listed.`;
  return `The ${counted(count, noun)} with the fewest failed attempts are not listed.`;
}

import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import type { Measure } from './cost-shape';

export const texts = catalogue('cost', {
  title: 'Costs',
  detail: 'What calls of models used and cost in finished runs, at the prices of their agents.',
  wholeTime: 'Last 30 days',
  since: (day: string) => `Since ${day} (UTC)`,
  empty: 'No calls of models in this period',
  emptyFlow: 'No calls of models by this flow in this period',
  emptyDetail: 'Calls are counted when their execution finishes. Prices are set in the form of an agent.',
  toAgents: 'Go to agents',
  currency: {
    label: 'Currency',
    hint: 'Currencies are never added up.',
    none: 'No currency',
  },
  facts: {
    title: 'Key figures',
    cost: 'Cost',
    noCost: '–',
    priced: 'of all calls',
    unpriced: (calls: number) => `without ${counted(calls, 'call')} that no price is set for`,
    lost: 'Lost in failed attempts',
    lostHint: (tokens: string, share: string) => `${tokens} tokens, ${share} of all`,
    calls: 'Calls',
    callsHint: 'that a model answered',
    tokens: 'Tokens',
    tokensHint: (share: string) => `${share} of the input was cached`,
  },
  compare: { cost: 'Cost', lost: 'Cost of failed attempts', time: (name: string) => `Time of a call, ${name}` },
  days: {
    title: (measure: Measure) => (measure === 'cost' ? 'Cost by day' : 'Tokens by day'),
    hint: (currency: string | null) => `Days in UTC${currency ? `, in ${currency}` : ''}`,
    chart: (measure: Measure) =>
      `Bar chart of ${measure === 'cost' ? 'costs' : 'tokens'} by day and model. Use the left and right arrow keys to move between bars. The table below has the same numbers.`,
    others: 'Other models',
    nothing: 'Nothing used',
    total: 'In all',
    day: 'Day',
  },
  timesHint: 'Percentiles of the time of a call, to 6 %',
  models: { title: 'By model', name: 'Model', unknown: 'Unknown model', leftOut: (rows: number) => leftOut(rows) },
  agents: {
    title: 'By agent',
    name: 'Agent',
    deleted: 'Deleted agent',
    unknown: 'Unknown agent',
    leftOut: (rows: number) => leftOut(rows),
  },
  flows: { title: 'By flow', name: 'Flow', deleted: 'Deleted flow', leftOut: (rows: number) => leftOut(rows) },
  versions: {
    title: 'By version of a flow',
    name: 'Flow and version',
    of: (flow: string, version: number) => `${flow}, version ${version}`,
    leftOut: (rows: number) => leftOut(rows),
  },
  columns: {
    cost: 'Cost',
    calls: 'Calls',
    input: 'Input tokens',
    cached: 'Cached',
    written: 'Cache writes',
    output: 'Output tokens',
    lost: 'Tokens lost',
  },
  /** How long calls took. */
  times: { p50: 'p50', p95: 'p95', p99: 'p99' },
  noCost: '–',
  /** Where no call was timed. */
  noTimes: 'no data',
  table: (title: string) => `${title}, table`,
  asTable: 'Show as table',
} as const);

function leftOut(rows: number): string | null {
  if (rows === 0) return null;
  if (rows === 1) return 'The cheapest row is not listed.';
  return `The ${counted(rows, 'cheapest row')} are not listed.`;
}

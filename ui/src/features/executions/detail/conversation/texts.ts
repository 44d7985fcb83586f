/** Texts of the conversation with an agent. */

import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { formatNumber } from '@/lib/locale';

const number = (value: number) => formatNumber(value);

export const texts = catalogue('conversation', {
  title: 'Conversation',
  label: (attempt: number) => `Conversation of attempt ${attempt}`,
  agent: (name: string, version: number) => `${name} v${version}`,
  noAgent: 'The agent can no longer be read, so its instructions are not shown.',
  fallback: (model: string) => `fallback ${model}`,
  session: (key: string, turn: number) => `turn ${turn} of session ${key}`,
  earlierTurns: (turns: number, summaryUpTo: number | null) => {
    const summary = summaryUpTo === null ? [] : [`a summary of the turns up to ${summaryUpTo}`];
    const earlier = turns === 0 ? [] : [counted(turns, 'earlier turn')];
    return `Asked with ${[...summary, ...earlier].join(' and ')}`;
  },
  summary: ({ from, up_to }: { from: number; up_to: number }) =>
    from === up_to ? `Summary of turn ${from}` : `Summary of turns ${from} to ${up_to}`,
  withoutSummary: 'The node goes on without it: the turns are left out, and the next execution asks for it again.',
  temperature: (value: string) => `temperature ${value}`,
  turnsUsed: (used: number, max: number) => `${used} of ${counted(max, 'turn')}`,
  tokensUsed: (used: number, max: number) => `${number(used)} of ${number(max)} output tokens`,
  earlier: (steps: number) => `${counted(steps, 'earlier call')} not shown: the answer would be too large.`,
  attempt: (attempt: number, of: number) => (attempt <= of ? `Attempt ${attempt} of ${of}` : `Attempt ${attempt}`),
  goesOn: 'Continues after the last result that is stored.',
  sameQuestion: 'Asked with the same instructions and input.',
  released: 'Stopped by a server shutdown; not counted',
  instructions: 'Instructions',
  schema: 'The model is also given the output schema of the skill.',
  schemaAndTools: (tools: string) => `The model is also given the output schema and the tools of the skill: ${tools}.`,
  onlyTools: (tools: string) => `The model is also given the tools of the skill: ${tools}.`,
  input: 'Input',
  noInput: 'No input.',
  model: 'Model',
  remote: 'Agent',
  turn: (turn: number) => `Turn ${turn}`,
  toolsOf: (turn: number) => `Tools of turn ${turn}`,
  tools: 'Tool calls',
  guardrail: (name: string) => `Guardrail ${name}`,
  verdict: 'Verdict',
  passed: 'Passed.',
  notPassed: 'Not passed.',
  outputRefused: 'Output refused.',
  thinking: 'Thinking',
  tokens: (usage: string) => `Tokens: ${usage}`,
  openFlow: 'Open its execution',
  arguments: 'Arguments',
  result: 'Result',
  output: 'Output',
  waiting: (since: string) => `Waiting for a response since ${since}`,
  writing: (since: string) => `Writing, asked at ${since}`,
  written: 'Written so far',
  missed: (size: string) => `The first ${size} are not shown.`,
  calling: (since: string) => `Called at ${since}, no result yet`,
  stopsAt: (when: string) => `Stopped at ${when} at the latest.`,
  reserved: (tokens: number) => `Up to ${number(tokens)} tokens are reserved for the response.`,
  refused: 'Response refused',
  response: 'Response',
  leftFor: (model: string) => `${model} was asked instead.`,
  otherModel: 'Another model',
  toldNext: 'The next question tells the model what did not fit.',
  interrupted: 'Interrupted',
  timedOut: 'Timed out',
  stopped: 'Stopped',
  noResult: 'No result is stored.',
  reservedLost: (tokens: number) => `Counted with the ${number(tokens)} tokens that were reserved for it.`,
  askedAgain: (attempt: number) => `Asked again in attempt ${attempt}.`,
  calledAgain: (attempt: number) => `Called again in attempt ${attempt}.`,
  again: { asked: 'asked again', called: 'called again' },
  toModel: 'The model is told this error and decides how to go on.',
  state: {
    waiting: 'waiting for approval',
    running: 'running',
    completed: 'succeeded',
    failed: 'failed',
    stopped: 'stopped',
  },
} as const);

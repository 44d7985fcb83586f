import { counted } from '@/lib/counted';

export const texts = {
  title: 'Approvals',
  detail:
    'Calls of tools, outputs of agents, and questions of MCP servers, that wait until a person has decided on them.',
  list: 'What waits for approval',
  found: (count: number) => counted(count, 'approval waits', 'approvals wait'),
  more: 'Only those of the 100 newest executions are listed. Decide on some to see others.',
  empty: 'Nothing waits for approval',
  emptyDetail:
    'A call of a tool whose `approval` says so waits here before it is made, and so do an output that a guardrail refuses so that a person is asked, and what the task of an MCP server asks for.',
  deletedFlow: 'Deleted flow',
  asked: 'Asked',
  arguments: 'Arguments',
  outputOf: (node: string) => `Output of ${node}`,
  refusedBy: (guardrail: string) => `Refused by the guardrail ${guardrail}`,
  /** What became of a call that was listed. */
  settled: (tool: string, outcome: string) => `${tool}: ${outcome}`,
  decideOn: (tool: string, flow: string) => `Decide on ${tool} of ${flow}`,
} as const;

import { counted } from '@/lib/counted';

export const texts = {
  title: 'Approvals',
  detail: 'Calls of tools that wait until a person has decided on them.',
  list: 'Calls that wait for approval',
  found: (calls: number) => counted(calls, 'call waits', 'calls wait'),
  more: 'Only the calls of the 100 newest executions are listed. Decide on some to see others.',
  empty: 'Nothing waits for approval',
  emptyDetail: 'A call of a tool whose `approval` says so waits here before it is made.',
  deletedFlow: 'Deleted flow',
  asked: 'Asked',
  arguments: 'Arguments',
  /** What became of a call that was listed. */
  settled: (tool: string, outcome: string) => `${tool}: ${outcome}`,
  decideOn: (tool: string, flow: string) => `Decide on ${tool} of ${flow}`,
} as const;

import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';
import { visible } from '@/lib/json-text';
import { formatNumber } from '@/lib/locale';

export const texts = catalogue('approvals', {
  also: {
    label: 'Also waiting for you',
    decisions: (count: string) =>
      count === '1'
        ? '1 run waits for a decision on how to go on'
        : `${count} runs wait for a decision on how to go on`,
  },
  title: 'Approvals',
  detail: 'What waits until a person has decided on it.',
  list: 'What waits for approval',
  found: (count: number) => counted(count, 'approval waits', 'approvals wait'),
  more: 'Only those of the 100 newest executions are listed. Decide on some to see others.',
  empty: 'Nothing waits for approval',
  emptyDetail: 'Flows and agents come here when they need a person:',
  teaches: [
    {
      title: 'A node of type Approval',
      detail:
        'asks before the flow goes on, with a form if you like. Refunds over a limit, texts before they are sent.',
    },
    {
      title: 'A tool that needs approval',
      detail:
        'waits before it is called: always, or where a condition of its arguments holds, as in `input.amount > 1000`.',
    },
    {
      title: 'A guardrail with `ask`',
      detail: 'asks a person about an output that it refuses.',
    },
    {
      title: 'A task of an MCP server',
      detail: 'can ask for input in the middle of its work.',
    },
  ],
  emptyFilter: 'Nothing matches the filters',
  keys: [
    { key: 'a', does: 'approve' },
    { key: 'r', does: 'reject' },
    { key: 'x', does: 'select' },
    { key: '?', does: 'all keys' },
  ],
  deletedFlow: 'Deleted flow',
  asked: 'Asked',
  shown: { arguments: 'Arguments', output: 'Output' },
  outputOf: (node: string) => `Output of ${node}`,
  refusedBy: (guardrail: string) => `Refused by the guardrail ${guardrail}`,
  /** What became of something that was listed. */
  settled: (title: string, outcome: string) => `${title}: ${outcome}`,
  decideOn: (title: string, flow: string) => `Decide on ${title} of ${flow}`,
  expiresIn: (left: string) => `expires in ${left}`,
  expiresAt: (when: string) => `expires at ${when}`,
  expired: 'expires now',
  back: 'Back to the list',
  next: 'Show the next',
  filters: {
    flow: 'Flow',
    agent: 'Agent',
    tool: 'Tool',
    all: { flow: 'All flows', agent: 'All agents', tool: 'All tools' },
    soon: 'Expires within the hour',
    sort: 'Order',
    sorts: { expiry: 'Expires first', oldest: 'Oldest first', newest: 'Newest first' },
  },
  select: (title: string, flow: string) => `Select ${title} of ${flow}`,
  selectAll: 'Select all that are listed',
  selected: (count: number) => `${formatNumber(count)} selected`,
  approveSelected: 'Approve…',
  rejectSelected: 'Reject…',
  clear: 'Clear',
  bulk: {
    title: {
      approved: (count: number) => `Approve ${formatNumber(count)} at once`,
      rejected: (count: number) => `Reject ${formatNumber(count)} at once`,
    },
    list: 'What is decided on',
    comment: { approved: 'Comment, for all of them', rejected: 'Why, for all of them; a model reads it' },
    leftOut: (count: number) =>
      `${counted(count, 'of them needs', 'of them need')} an answer that is filled in one by one. They are left out.`,
    yes: {
      approved: (count: number) => `Approve ${formatNumber(count)}`,
      rejected: (count: number) => `Reject ${formatNumber(count)}`,
    },
    cancel: 'Cancel',
    results: 'What became of them',
    done: { approved: 'Approved', rejected: 'Rejected' },
    summary: (done: number, gone: number, failed: number) =>
      [
        counted(done, 'decided', 'decided'),
        gone > 0 && `${formatNumber(gone)} no longer waited`,
        failed > 0 && `${formatNumber(failed)} failed`,
      ]
        .filter(Boolean)
        .join(', '),
    again: (count: number) => `Try ${formatNumber(count)} again`,
    close: 'Close',
  },
  visit: {
    title: 'Since you opened this page',
  },
  link: {
    open: 'Copy link',
    name: 'For whom (optional)',
    nameDetail: 'A name or an address. It is shown as who decided.',
    nameTooLong: 'This is too long: at most 60 bytes, of which letters such as é take two and emojis four.',
    warning:
      'Anyone who has the link can decide, without signing in, until somebody has decided. Send it to one person.',
    make: 'Make the link and copy it',
    label: 'Link to decide with',
    copy: 'Copy the link',
    copied: 'The link is copied.',
    made: (until: string) => `It works until somebody decides, at most until ${until}.`,
  },
  decide: {
    title: 'Decide',
    done: 'Your decision is stored. There is nothing else to do; you can close this page.',
    sent: 'Your decision is sent. It counts if it comes first: keep this page open until it says what was decided.',
    known: 'It is decided',
    unknownForm:
      'This page cannot show the form that has to be filled in to approve. Ask who sent you the link to approve in your place, or reject here.',
    decided: 'This is already decided',
    over: 'No decision is needed any more',
    expired: 'This link has expired',
    wrong: 'This link is not valid',
    works: (name: string | null, until: string) =>
      `This link${name === null ? '' : `, made for ${visible(name)},`} works until somebody has decided, at most until ${until}. Anyone who has it can decide: do not pass it on.`,
  },
  ended: 'It no longer waits: its node or its execution has ended',
} as const);

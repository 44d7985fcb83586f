import { counted } from './counted';

/** English texts that are shared by features. Each feature has its own in its `texts.ts`. */
export const texts = {
  product: 'Steadflow',
  nav: {
    flows: 'Flows',
    executions: 'Executions',
    failures: 'Failures',
    alerts: 'Alerts',
    analytics: 'Analytics',
    agents: 'Agents',
    approvals: 'Approvals',
    label: 'Main',
    open: 'Open navigation',
    close: 'Close navigation',
    skip: 'Skip to content',
    waiting: (executions: string) =>
      executions === '1' ? '1 execution waits for a person' : `${executions} executions wait for a person`,
    awaiting: (executions: string) =>
      executions === '1' ? '1 execution waits for approval' : `${executions} executions wait for approval`,
    api: 'API reference',
  },
  damaged: {
    title: (entries: number) => counted(entries, 'entry cannot be read', 'entries cannot be read'),
    deleteAdvice:
      'What is stored of them is damaged, and everything else works. Restore the database from a backup, or delete them. `steadflow doctor` checks all that is stored.',
    executionAdvice:
      'What is stored of them is damaged, and everything else works. Restore the database from a backup; they are deleted with their flow. `steadflow doctor` checks all that is stored.',
    delete: 'Delete',
    deleteOf: (id: string) => `Delete ${id}`,
    deleteAsk: 'It is deleted with all its versions; a flow with its executions, too. This cannot be undone.',
    deleteYes: 'Delete it',
    keep: 'Keep it',
  },
  usage: {
    tokens: (input: string, parts: readonly string[], output: string) =>
      parts.length === 0 ? `${input} in, ${output} out` : `${input} in (of them ${parts.join(', ')}), ${output} out`,
    cached: (tokens: string) => `${tokens} cached`,
    written: (tokens: string) => `${tokens} written to the cache`,
    cost: (cost: string) => ` · cost ${cost}`,
  },
  theme: {
    light: 'Light',
    dark: 'Dark',
    auto: 'System',
    change: 'Change colour scheme',
  },
  palette: {
    open: 'Search or jump to…',
    hint: 'Flow, execution ID, page or action',
    nothing: 'No results',
    pages: 'Go to',
    flows: 'Flows',
    executions: 'Executions',
    actions: 'Actions',
    runFlow: (name: string) => `Run ${name}`,
    runsOf: (name: string) => `Executions of ${name}`,
    openExecution: (id: string) => `Open execution ${id}`,
    searchExecutions: (text: string) => `Search executions for “${text}”`,
  },
  shortcuts: {
    title: 'Keyboard shortcuts',
    close: 'Close',
    groups: [
      {
        title: 'Everywhere',
        keys: [
          { keys: ['Ctrl K', '⌘ K'], does: 'Search, or jump to a page, a flow or an execution' },
          { keys: ['?'], does: 'Show these shortcuts' },
          { keys: ['Esc'], does: 'Close a dialog or drawer, leave the search' },
        ],
      },
      {
        title: 'In lists',
        keys: [
          { keys: ['/'], does: 'Search in the list' },
          { keys: ['j', 'k'], does: 'Next row, previous row' },
          { keys: ['↓', '↑'], does: 'The same, once a row has focus' },
          { keys: ['Enter'], does: 'Open the row' },
          { keys: ['n'], does: 'New flow, in the list of flows' },
        ],
      },
      {
        title: 'In approvals',
        keys: [
          { keys: ['j', 'k'], does: 'Next, previous' },
          { keys: ['Enter'], does: 'Go from the list to what is shown' },
          { keys: ['a'], does: 'Go to “Approve”; Enter approves' },
          { keys: ['r'], does: 'Write a comment; Enter goes to “Reject”, and Enter again rejects' },
          { keys: ['e'], does: 'Edit the arguments or the output' },
          { keys: ['x'], does: 'Select; a and r then decide on all that is selected' },
          { keys: ['Esc'], does: 'Back to the list; end the selection' },
        ],
      },
      {
        title: 'In an execution',
        keys: [{ keys: ['↓', '↑', 'Home', 'End'], does: 'Select a node in the timeline' }],
      },
      {
        title: 'In the editor',
        keys: [
          { keys: ['a'], does: 'Add a node' },
          { keys: ['Ctrl S'], does: 'Save' },
          { keys: ['Ctrl Z', 'Ctrl Shift Z'], does: 'Undo, redo' },
          { keys: ['Ctrl A', 'Ctrl D'], does: 'Select all, duplicate' },
          { keys: ['Ctrl C', 'Ctrl V'], does: 'Copy, paste' },
          { keys: ['Del'], does: 'Delete the selection' },
          { keys: ['Enter', 'Esc'], does: 'Edit the body of a map or loop, and back' },
        ],
      },
    ],
  },
  offline: {
    title: 'The server cannot be reached.',
    detail: 'The data shown may be out of date. The studio reconnects automatically.',
  },
  room: {
    low: {
      title: 'The database has little room left.',
      detail:
        'Delete flows that are not needed, keep executions for fewer days (`keep`), or enlarge the disk or `database_max_mib`.',
    },
    reserved: {
      title: 'The database is full.',
      detail:
        'New executions are refused; those that run continue. Delete flows that are not needed, keep executions for fewer days (`keep`), or enlarge the disk or `database_max_mib`.',
    },
  },
  live: {
    live: 'Live',
    polling: 'Updating every few seconds',
    connecting: 'Connecting…',
  },
  notFound: {
    title: 'Page not found',
    detail: 'The link may be out of date, or its target may have been deleted.',
    back: 'Go to executions',
  },
  crash: {
    title: 'This page could not be displayed',
    detail: 'The rest of the studio still works. Your flows and executions are not affected.',
    again: 'Try again',
  },
  signIn: {
    title: 'Sign in',
    detail: 'This server requires an API key. It is kept until you close this tab.',
    key: 'API key',
    submit: 'Continue',
  },
  pages: { form: 'Open form page', chat: 'Open chat' },
  scope: { flow: 'Flow', allFlows: 'All flows', period: 'Period' },
  actions: {
    retry: 'Retry',
    tryAgain: 'Try again',
    cancel: 'Cancel',
    close: 'Close',
    keep: 'Keep it',
    copy: 'Copy',
    copied: 'Copied',
    showAll: 'Show all',
    showLess: 'Show less',
    clear: 'Clear filters',
  },
  approval: {
    title: 'This call waits for approval.',
    expires: (when: string) => `It is refused if nobody decides before ${when}.`,
    approve: 'Approve',
    edit: 'Edit and approve',
    approveEdited: 'Approve edited arguments',
    cancelEdit: 'Cancel editing',
    reject: 'Reject',
    comment: 'Comment; if you reject, the model reads it',
    edited: 'Edited arguments (JSON)',
    invalid: 'Not a valid JSON object yet.',
    tooLong: 'The arguments are too long to be edited here.',
    approved: 'Approved',
    approvedEdited: 'Approved with edited arguments',
    rejected: 'Rejected',
    cancelled: 'No choice made',
    expired: 'Refused: nobody decided in time',
    proposed: 'Arguments that the model wanted',
  },
  request: {
    someone: 'The server',
    unknownForm:
      'The studio cannot show this form. Reject here, or approve with `steadflow approvals`, which takes what is filled in as JSON (`--form`).',
  },
  inputRequest: {
    title: (agent: string) => `${agent} asks for input.`,
    expires: (when: string) => `It is told that nobody answered after ${when}.`,
    approve: 'Send answer',
    reject: 'Decline',
    cancel: 'Make no choice',
    outcome: { approved: 'Answered', rejected: 'Declined', cancelled: 'No choice made' },
  },
  nodeRequest: {
    title: (node: string) => `${node} waits for a decision.`,
    expires: (when: string) => `It counts as timed out if nobody decides before ${when}.`,
    approve: 'Approve',
    reject: 'Reject',
    comment: 'Comment; it is in the output of the node',
    outcome: { approved: 'Approved', rejected: 'Rejected', cancelled: 'No choice made' },
  },
  schemaForm: {
    missing: 'This is required.',
    noNumber: 'Not a number.',
    notWhole: 'Not a whole number.',
    length: (from: number, to: number) => `It must have ${between(from, to)} characters.`,
    range: (from: number, to: number) => `It must be ${between(from, to)}.`,
    count: (from: number, to: number) => `Choose ${between(from, to)}.`,
  },
  verdicts: {
    label: 'Verdicts of judges',
    about: (on: string, tool: string | null) => (tool ? `on ${on} of ${tool}` : `on ${on}`),
    on: { input: 'the input', arguments: 'the arguments', output: 'the output' } as Readonly<Record<string, string>>,
    passed: 'passed',
    refused: 'not passed',
    none: 'no verdict',
    follows: {
      fail: 'If it is refused, the node fails.',
      repair: 'If it is refused, the model is told and corrects itself.',
      ask: 'If it is refused, a person is asked.',
    } as Readonly<Record<string, string>>,
  },
  conversation: {
    showAll: (size: string) => `Show all (${size})`,
    turns: 'Turns of the session',
    turn: (number: number) => `Turn ${number}`,
    input: 'Input',
    answer: 'Answer',
    tokens: (usage: string) => `Tokens: ${usage}`,
    openExecution: 'Open execution',
    openExecutionOf: (number: number) => `Open execution of turn ${number}`,
    earlier: 'Show earlier turns',
    writtenSince: 'written again since',
    noTurns: 'These turns are not there any more.',
    summary: 'Summary',
    turnsUpTo: (turn: number) => (turn === 1 ? 'of turn 1' : `of turns 1 to ${turn}`),
    openExecutionOfSummary: 'Open execution of the summary',
  },
  changes: {
    kinds: { added: 'added', removed: 'removed', changed: 'changed' },
    was: 'was',
    none: 'none',
  },
  versions: {
    compare: 'Compare with',
    previous: 'Previous',
    current: 'Current',
    version: (version: number) => `Version ${version}`,
    isCurrent: 'Current',
    fromCurrent: 'Restoring it would change:',
    fromPrevious: 'Changes in this version:',
    restoreLong: (version: number) => `Restore version ${version}`,
    restored: (from: number, to: number) => `Version ${from} restored as version ${to}`,
  },
  json: {
    none: 'None',
    large: (size: string) => `${size}: too large to show in full. Copy or download it to see everything.`,
    more: (count: number) => `${count} more…`,
    download: 'Download',
    part: (size: string) => `Preview of ${size}`,
    all: 'Show all',
    image: 'Image',
    unknownType: 'Unknown type',
  },
} as const;

/** A range, of which an end that is not finite is open. */
function between(from: number, to: number): string {
  if (!Number.isFinite(from)) return `at most ${to}`;
  return Number.isFinite(to) ? `${from} to ${to}` : `at least ${from}`;
}

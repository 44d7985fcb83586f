const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

export const texts = {
  label: 'Test this node',
  detail: 'Runs one attempt with what is pinned here. The call really leaves; nothing is stored.',
  pureDetail: 'Works it out with what is pinned here. Nothing leaves; nothing is stored.',
  delayDetail: 'Answers at once when the wait would be over; nothing waits, nothing is stored.',
  pins: 'Pinned inputs',
  noPins: 'This node reads nothing of other nodes.',
  output: (name: string) => `Output of ${name}`,
  trigger: 'Trigger data',
  kept: 'Pinned in this browser.',
  executed: 'From the last execution that has it,',
  nothing: 'No execution has it yet.',
  unpin: 'Use the last execution',
  notJson: 'This is not JSON yet.',
  whyNot: (title: string) => `“${title}” is not JSON yet. Correct it first.`,
  loading: 'Looking for the last execution…',
  run: 'Test',
  running: 'One attempt runs…',
  cancel: 'Cancel',
  cancelled: 'Cancelled. What had already left cannot be called back.',
  succeeded: 'Succeeded',
  failed: 'Failed',
  took: (duration: string) => `in ${duration}`,
  tokens: (input: number, output: number) =>
    `${count(input, 'token', 'tokens')} in, ${count(output, 'token', 'tokens')} out`,
  result: 'Output',
  input: 'Resolved input',
} as const;

import { expect, test } from 'vitest';
import type { Approval } from '@/api/approvals';
import { requestFor } from './bulk';
import { afterwards, choicesOf, shownOf } from './order';
import { waiting } from './samples';
import { glimpseOf, titleOf } from './titles';

const node = { subject: 'node', tool: null, agent_name: null } as const;
const form = (required: string[]) => ({ type: 'object', properties: { reason: { type: 'string' } }, required });

test('each request names the hash of what was shown, and what needs an answer is not approved with others', () => {
  const approve = (change: Partial<Approval>) => requestFor({ ...waiting, ...change }, 'approved', '  ');

  expect(approve({})).toEqual({ decision: 'approved', arguments_hash: 'sha256:1' });
  expect(approve({ subject: 'input', form: form([]) })).toBeNull();
  expect(approve({ ...node, form: form(['reason']) })).toBeNull();
  expect(approve({ ...node, form: { type: 'array' } })).toBeNull();
  expect(approve({ ...node, form: form([]) })).toEqual({
    decision: 'approved',
    arguments_hash: 'sha256:1',
    form: {},
  });
  expect(approve({ ...node, arguments_hash: 'sha256:2' })).toEqual({
    decision: 'approved',
    arguments_hash: 'sha256:2',
  });
  expect(requestFor({ ...waiting, ...node, form: form(['reason']) }, 'rejected', ' No ')).toEqual({
    decision: 'rejected',
    arguments_hash: 'sha256:1',
    comment: 'No',
  });
  expect(requestFor({ ...waiting, subject: 'input' }, 'rejected', 'No')).toEqual({
    decision: 'rejected',
    arguments_hash: 'sha256:1',
  });
});

test('what expires first comes first, then what waits longest; filters keep what they name', () => {
  const at = (hour: number) => `2027-01-15T${String(hour).padStart(2, '0')}:00:00.000000Z`;
  const rows = [
    { ...waiting, id: 'late', expires_at: at(20), requested_at: at(8) },
    { ...waiting, id: 'never', requested_at: at(9) },
    { ...waiting, id: 'soon', expires_at: at(11), requested_at: at(10), tool: 'buy', agent_name: null },
    { ...waiting, id: 'oldest', requested_at: at(7), flow_id: 'g', flow_name: null },
  ];
  const ids = (search: Parameters<typeof shownOf>[1]) =>
    shownOf(rows, search, Date.parse(at(10)) + 1).map(({ id }) => id);

  expect(ids({})).toEqual(['soon', 'late', 'oldest', 'never']);
  expect(ids({ sort: 'newest' })).toEqual(['soon', 'never', 'late', 'oldest']);
  expect(ids({ sort: 'oldest' })).toEqual(['oldest', 'late', 'never', 'soon']);
  expect(ids({ soon: true })).toEqual(['soon']);
  expect(ids({ tool: 'pay', agent: 'Clerk', flow: waiting.flow_id })).toEqual(['late', 'never']);
  expect(choicesOf(rows, 'Deleted flow')).toEqual({
    flow: [
      { value: waiting.flow_id, label: 'Buying (3)' },
      { value: 'g', label: 'Deleted flow (1)' },
    ],
    agent: [{ value: 'Clerk', label: 'Clerk (3)' }],
    tool: [
      { value: 'buy', label: 'buy (1)' },
      { value: 'pay', label: 'pay (3)' },
    ],
  });
  const [first, second] = rows;
  if (!first || !second) throw new Error('rows are missing');
  expect(afterwards([first, second], 'late')?.id).toBe('never');
  expect(afterwards([first, second], 'never')?.id).toBe('late');
  expect(afterwards([first], 'late')).toBeNull();
});

test('a line names what waits and shows the beginning of it, without hidden characters', () => {
  expect(titleOf(waiting)).toBe('pay');
  expect(titleOf({ ...waiting, subject: 'output', tool: null })).toBe('Output of Buy it');
  expect(titleOf({ ...waiting, ...node })).toBe('Buy it');
  expect(glimpseOf({ ...waiting, arguments: { amount: 1_200, to: 'A\u202eB' } })).toBe('amount: 1200 · to: A\\u202eB');
  expect(glimpseOf({ ...waiting, arguments: { $preview: { bytes: 9, text: '{"a":', href: '/x' } } })).toContain(
    '$preview',
  );
  expect(glimpseOf({ ...waiting, subject: 'input', arguments: { message: 'How\n many?' } })).toBe('How many?');
  expect(glimpseOf({ ...waiting, arguments: 'x'.repeat(500) })).toHaveLength(161);
});

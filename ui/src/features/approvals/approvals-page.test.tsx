import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { ApprovalsPage } from './approvals-page';

const EXECUTION = '018f3a5e-0000-7000-8000-000000000001';

const waiting = {
  id: `${EXECUTION}:buy:tool:1:0`,
  execution_id: EXECUTION,
  flow_id: '018f3a5e-0000-7000-8000-000000000002',
  flow_name: 'Buying',
  node_id: 'buy',
  node_name: 'Buy it',
  agent_name: 'Clerk',
  tool: 'pay',
  guardrail: null,
  subject: 'tool',
  form: null,
  arguments: { amount: 1_200 },
  arguments_hash: 'sha256:1',
  requested_at: '2027-01-15T08:00:00.000000Z',
  expires_at: null,
  is_open: true,
  decided: null,
};

test('a rejection names the arguments that were shown and has its reason', async () => {
  let rows: unknown[] = [waiting];
  const asked = fakeApi({
    'GET /studio/approvals': () => rows,
    'POST /studio/approvals/*': () => {
      rows = [];
      return waiting;
    },
  });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);

  await user.type(await screen.findByLabelText(/^Comment/), ' Not this vendor ');
  await user.click(screen.getByRole('button', { name: 'Reject' }));

  expect(document.activeElement).toBe(await screen.findByText('pay: Rejected'));
  await screen.findByText('Nothing waits for approval');
  const decision = asked.find((call) => call.method === 'POST');
  expect(decision?.body).toEqual({ decision: 'rejected', arguments_hash: 'sha256:1', comment: 'Not this vendor' });
});

test('what somebody else has decided first is said when the call is gone', async () => {
  let rows: unknown[] = [waiting];
  fakeApi({
    'GET /studio/approvals': () => rows,
    'POST /studio/approvals/*': () => {
      rows = [];
      return problem(409, 'already-decided', 'This call was rejected by user at 08:00.');
    },
  });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);

  await user.click(await screen.findByRole('button', { name: 'Approve' }));

  expect(document.activeElement).toBe(await screen.findByText('pay: This call was rejected by user at 08:00.'));
  await screen.findByText('Nothing waits for approval');
});

test('a list that cannot be read says so, and is asked for again', async () => {
  let isBroken = true;
  fakeApi({ 'GET /studio/approvals': () => (isBroken ? problem(500, 'internal', 'Not now.') : [waiting]) });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);
  await screen.findByText('Not now.');

  isBroken = false;
  await user.click(screen.getByRole('button', { name: 'Try again' }));

  await screen.findByRole('group', { name: 'Decide on pay of Buying' });
});

test('arguments that are too long are shown as a preview, read whole on request, and not edited', async () => {
  const href = `/api/v1/studio/approvals/${encodeURIComponent(waiting.id)}/arguments`;
  const preview = { $preview: { bytes: 90_000, text: '{"amount":12', href } };
  fakeApi({
    'GET /studio/approvals': () => [{ ...waiting, arguments: preview }],
    'GET /studio/approvals/*/arguments': () => ({ amount: 1_200 }),
  });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);

  const edit = await screen.findByRole('button', { name: 'Edit and approve' });
  expect(edit.getAttribute('aria-disabled')).toBe('true');
  await user.click(screen.getByRole('button', { name: 'Show all' }));

  await screen.findByText('1200');
});

test('what a server asks for is a form, whose answer is sent when it is whole', async () => {
  const form = {
    type: 'object',
    properties: {
      count: { type: 'integer', title: 'How many', minimum: 1 },
      colour: { type: 'string', title: 'Colour', enum: ['red', 'green'], default: 'red' },
      gift: { type: 'boolean', title: 'As a gift' },
    },
    required: ['count'],
  };
  const asking = {
    ...waiting,
    id: `${EXECUTION}:buy:input:1`,
    agent_name: 'Shop',
    subject: 'input',
    arguments: { message: 'How many shall I send?', form },
  };
  let rows: unknown[] = [asking];
  const asked = fakeApi({
    'GET /studio/approvals': () => rows,
    'POST /studio/approvals/*': () => {
      rows = [];
      return asking;
    },
  });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);

  await screen.findByText('How many shall I send?');
  screen.getByText('Shop asks for input.');
  await user.click(screen.getByRole('button', { name: 'Send answer' }));
  screen.getByText('This is required.');
  await user.type(screen.getByLabelText(/^How many/), '2');
  await user.click(screen.getByLabelText('As a gift'));
  await user.click(screen.getByRole('button', { name: 'Send answer' }));

  expect(document.activeElement).toBe(await screen.findByText('pay: Answered'));
  const sent = asked.find((call) => call.method === 'POST')?.body;
  expect(sent).toEqual({
    decision: 'approved',
    arguments_hash: 'sha256:1',
    form: { count: 2, colour: 'red', gift: true },
  });
});

test('what a server asks for can be declined, also if the form has to be read first', async () => {
  const id = `${EXECUTION}:buy:input:1`;
  const href = `/api/v1/studio/approvals/${encodeURIComponent(id)}/arguments`;
  const preview = { $preview: { bytes: 9_000, text: '{"message":', href } };
  let rows: unknown[] = [{ ...waiting, id, subject: 'input', arguments: preview }];
  const asked = fakeApi({
    'GET /studio/approvals': () => rows,
    'GET /studio/approvals/*/arguments': () => ({ message: 'Sure?', form: { type: 'object', properties: {} } }),
    'POST /studio/approvals/*': () => {
      rows = [];
      return waiting;
    },
  });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);
  await screen.findByText('Sure?');

  await user.click(screen.getByRole('button', { name: 'Decline' }));

  await screen.findByText('pay: Declined');
  const sent = asked.find((call) => call.method === 'POST')?.body;
  expect(sent).toEqual({ decision: 'rejected', arguments_hash: 'sha256:1' });
});

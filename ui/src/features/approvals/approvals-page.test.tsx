import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { ApprovalsPage } from './approvals-page';
import { EXECUTION, waiting } from './samples';

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
    form,
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
  expect(document.activeElement).toBe(screen.getByLabelText(/^How many/));
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
  let rows: unknown[] = [
    { ...waiting, id, subject: 'input', arguments: preview, form: { type: 'object', properties: {} } },
  ];
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

test('several are decided one by one: what others have decided is said, and what failed is tried again', async () => {
  const ids = ['a', 'b', 'c'].map((node) => `${EXECUTION}:${node}:tool:1:0`);
  let rows = ids.map((id, at) => ({ ...waiting, id, tool: `pay ${at}`, arguments_hash: `sha256:${at}` }));
  let isBroken = true;
  const asked = fakeApi({
    'GET /studio/approvals': () => rows,
    'POST /studio/approvals/*': ({ path }) => {
      const id = decodeURIComponent(path.split('/').at(-1) ?? '');
      if (id === ids[2] && isBroken) return problem(503, 'overloaded', 'Not now.');
      rows = rows.filter((row) => row.id !== id);
      return id === ids[1] ? problem(409, 'already-decided', 'This call was approved by eva.') : waiting;
    },
  });
  const user = userEvent.setup();
  await renderScreen(<ApprovalsPage />);
  await screen.findByText('pay 2');

  await user.click(screen.getByLabelText('Select all that are listed'));
  await user.keyboard('r');
  const dialog = within(await screen.findByRole('dialog', { name: 'Reject 3 at once' }));
  await user.type(dialog.getByLabelText(/^Why/), 'Month end');
  await user.click(dialog.getByRole('button', { name: 'Reject 3' }));

  await dialog.findByText('1 decided, 1 no longer waited, 1 failed');
  const lines = within(dialog.getByRole('list', { name: 'What became of them' })).getAllByRole('listitem');
  expect(lines.map((line) => line.textContent)).toEqual([
    'pay 0 · Buyingamount: 1200Rejected',
    'pay 1 · Buyingamount: 1200This call was approved by eva.',
    'pay 2 · Buyingamount: 1200Not now.',
  ]);
  isBroken = false;
  await user.click(dialog.getByRole('button', { name: 'Try 1 again' }));
  await dialog.findByText('2 decided, 1 no longer waited');
  const sent = asked.filter(({ method }) => method === 'POST').map(({ body }) => body);
  const rejects = (at: number) => ({ decision: 'rejected', arguments_hash: `sha256:${at}`, comment: 'Month end' });
  expect(sent).toEqual([0, 1, 2, 2].map(rejects));

  await user.click(dialog.getAllByRole('button', { name: 'Close' })[1] ?? screen.getByText('missing'));
  await screen.findByText('Nothing waits for approval');
  expect(document.activeElement).toBe(screen.getByText('2 decided, 1 no longer waited'));
  const log = within(screen.getByRole('region', { name: 'Since you opened this page' }));
  expect(log.getAllByRole('listitem')).toHaveLength(3);
});

test('what others decide while it is open says so, and does not give way to something else', async () => {
  const other = { ...waiting, id: `${EXECUTION}:other:tool:1:0`, tool: 'order' };
  let rows = [waiting, other];
  const by = { type: 'key', id: 'eva' };
  const decided = { decision: 'rejected', is_edited: false, comment: 'Too much', by, at: waiting.requested_at };
  fakeApi({
    'GET /studio/approvals': () => rows,
    'GET /studio/approvals/*': () => ({ ...waiting, is_open: false, decided }),
  });
  const user = userEvent.setup();
  const { queries } = await renderScreen(<ApprovalsPage />);
  await screen.findByRole('group', { name: 'Decide on pay of Buying' });

  rows = [other];
  await queries.invalidateQueries();

  await screen.findByText(/^Rejected by eva, .*: Too much$/, { selector: 'p' });
  expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Show the next' }));
  await screen.findByRole('group', { name: 'Decide on order of Buying' });
});

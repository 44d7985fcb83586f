import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { Decision } from '@/api/approvals';
import { fakeApi, json, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { DecidePage } from './decide-page';

vi.mock('@tanstack/react-router', async (original) => ({
  ...(await original<typeof import('@tanstack/react-router')>()),
  useParams: () => ({ token: 'AQ-token' }),
}));

const asked: Decision = {
  subject: 'node',
  flow_name: 'Refunds',
  node_name: 'Refund?',
  agent_name: null,
  tool: null,
  guardrail: null,
  arguments: { amount: 5 },
  form: {
    type: 'object',
    required: ['reason'],
    properties: { reason: { type: 'string', title: 'Reason' } },
  },
  arguments_hash: 'sha256:1',
  requested_at: '2027-01-15T08:00:00.000000Z',
  expires_at: null,
  link_expires_at: '2027-01-22T08:00:00.000000Z',
  made_for: 'ann@example.com',
};

const decided = {
  decision: 'approved',
  is_edited: false,
  comment: null,
  by: { type: 'link', id: 'ann@example.com' },
  at: '2027-01-15T08:00:01.000000Z',
};

const GET = 'GET /decisions/*';
const POST = 'POST /decisions/*';

describe('the page of a link', () => {
  it('shows what is asked, and sends what is filled in once', async () => {
    const calls = fakeApi({ [GET]: () => asked, [POST]: () => ({ decided }) });
    await renderScreen(<DecidePage />);
    const reason = await screen.findByRole('textbox', { name: /Reason/ });
    expect(screen.getByText('made for ann@example.com', { exact: false })).toBeDefined();

    await userEvent.type(reason, 'Late');
    await userEvent.click(screen.getByRole('button', { name: 'Approve' }));

    expect(await screen.findByText('Approved')).toBeDefined();
    expect(screen.getByText(/Your decision is stored/)).toBeDefined();
    const sent = calls.filter(({ method }) => method === 'POST');
    expect(sent.map(({ path, body }) => [path, body])).toEqual([
      ['/decisions/AQ-token', { decision: 'approved', form: { reason: 'Late' }, arguments_hash: 'sha256:1' }],
    ]);
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('says that a decision is on its way until it is known what counts', async () => {
    let isKnown = false;
    fakeApi({
      [GET]: () =>
        isKnown ? problem(409, 'already-decided', 'It was rejected.') : json({ ...asked, form: null, arguments: {} }),
      [POST]: () => ({ decided: null }),
    });
    await renderScreen(<DecidePage />);

    await userEvent.click(await screen.findByRole('button', { name: 'Approve' }));
    expect(await screen.findByText(/Your decision is sent/)).toBeDefined();
    expect(screen.queryByText(/stored/)).toBeNull();
    isKnown = true;

    expect(await screen.findByText('It is decided', {}, { timeout: 5_000 })).toBeDefined();
    expect(screen.getByText('It was rejected.')).toBeDefined();
  });

  it('can be rejected where its form cannot be shown', async () => {
    const form = { type: 'object', properties: { deep: { type: 'object', properties: {} } } };
    const calls = fakeApi({ [GET]: () => ({ ...asked, form }), [POST]: () => ({ decided }) });
    await renderScreen(<DecidePage />);

    expect(await screen.findByText(/Ask who sent you the link/)).toBeDefined();
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    expect(screen.queryByText(/steadflow approvals/)).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Reject' }));

    expect(await screen.findByText('Rejected')).toBeDefined();
    expect(calls.filter(({ method }) => method === 'POST').map(({ body }) => body)).toEqual([
      { decision: 'rejected', arguments_hash: 'sha256:1' },
    ]);
  });

  it('says who was faster', async () => {
    let isDecided = false;
    const said = () => problem(409, 'already-decided', 'It was rejected by eva (link).');
    fakeApi({
      [GET]: () => (isDecided ? said() : json({ ...asked, form: null })),
      [POST]: () => {
        isDecided = true;
        return said();
      },
    });
    await renderScreen(<DecidePage />);

    await userEvent.click(await screen.findByRole('button', { name: 'Reject' }));

    expect(await screen.findByText('This is already decided')).toBeDefined();
    expect(screen.getByText('It was rejected by eva (link).')).toBeDefined();
  });

  it.each([
    [404, 'no-such-link', 'This link is not valid'],
    [410, 'link-expired', 'This link has expired'],
    [409, 'execution-finished', 'No decision is needed any more'],
  ])('says why nothing can be decided: %s %s', async (status, slug, title) => {
    fakeApi({ [GET]: () => problem(status, slug, 'Why.') });

    await renderScreen(<DecidePage />);

    expect(await screen.findByText(title)).toBeDefined();
    expect(screen.getByText('Why.')).toBeDefined();
  });

  it('offers to try again while the server is away', async () => {
    let isAway = true;
    fakeApi({ [GET]: () => (isAway ? problem(503, 'unavailable', 'Try again in a second.') : json(asked)) });
    await renderScreen(<DecidePage />);

    const again = await screen.findByRole('button', { name: 'Try again' });
    isAway = false;
    await userEvent.click(again);

    expect(await screen.findByRole('textbox', { name: /Reason/ })).toBeDefined();
  });
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { ExecutionDetail } from './execution-detail';
import { aJournal, aNode, anAttempt, anExecution, at, happened } from './samples';

const failed = anExecution({
  status: 'failed',
  completed_at: at(10),
  error_class: 'unavailable',
  error_message: 'Node Submit it (submit) failed after 1 attempt:\nAttempt 1: HTTP 503',
  current_node_id: 'submit',
  retried_by: ['01a20b8f-ee6f-7431-8fe0-aaaabbbbcccc'],
  node_executions: [
    aNode({ node_id: 'prepare', node_name: 'Prepare', status: 'completed', attempts: [anAttempt(1, 0, 1)] }),
    aNode({
      node_name: 'Submit it',
      status: 'failed',
      attempts: [anAttempt(1, 1, 10, { error_class: 'unavailable' })],
    }),
  ],
});

const show = (id: string) => renderScreen(<ExecutionDetail id={id} onLook={vi.fn()} />, `/executions/${id}`);

it('shows why it failed and what to do, and links to its retry', async () => {
  fakeApi({ 'GET /studio/executions/*': () => failed, 'GET /studio/executions/*/journal': () => [] });

  await show(failed.id);

  expect(await screen.findByText(/Retry from the failed node once it recovers/)).toBeTruthy();
  expect(screen.getAllByText('Unavailable').length).toBeGreaterThan(0);
  expect(screen.getAllByRole('link', { name: 'bbbbcccc' })[0]?.getAttribute('href')).toContain('aaaabbbbcccc');
  expect(screen.queryByRole('button', { name: 'Pause' })).toBeNull();
});

it('retries once per dialog and switches to the new execution', async () => {
  const user = userEvent.setup();
  const asked = fakeApi({
    'GET /studio/executions/*': () => failed,
    'GET /studio/executions/*/journal': () => [],
    'GET /studio/executions/*/retry-plan': () => ({
      mode: 'from_failed',
      run: ['submit'],
      reuse: ['prepare'],
      children: [],
    }),
    'POST /studio/executions/*/retry': () => ({ new_execution_id: 'the-new-one' }),
  });
  const { history } = await show(failed.id);

  await user.click(await screen.findByRole('button', { name: 'Retry' }));
  await screen.findByText('1 to run · 1 reused');
  await user.click(screen.getAllByRole('button', { name: 'Retry' }).at(-1) as HTMLElement);

  await waitFor(() => expect(history.location.pathname).toBe('/executions/the-new-one'));
  const post = asked.find((one) => one.method === 'POST');
  expect(post?.body).toEqual({ mode: 'from_failed' });
  expect(post?.headers.get('idempotency-key')).toBeTruthy();
});

it('follows the event stream from the last known record', async () => {
  const known = aJournal([0, happened.accepted], [0, happened.started], [0, happened.attempt(1)]);
  const [failure] = aJournal([5, happened.failure(1, 60_000)]);
  const running = anExecution({
    seq: 3,
    node_executions: [aNode({ status: 'running', attempts: [anAttempt(1, 0, null)] })],
  });
  const waiting = aNode({
    status: 'pending',
    next_retry_at: new Date(Date.now() + 60_000).toISOString(),
    error_message: 'HTTP 503 (Will retry 2 more times)',
    attempts: [anAttempt(1, 0, 5, { error_class: 'unavailable' })],
  });
  const { node_executions: _, seq: __, ...row } = running;
  const event = JSON.stringify({ ...failure, seq: 4 });
  const stream = `event: journal\ndata: ${event}\n\nevent: node\ndata: ${JSON.stringify(waiting)}\n\nevent: execution\ndata: ${JSON.stringify({ ...row, retrying: true })}\nid: 4\n\n`;
  const asked = fakeApi({
    'GET /studio/executions/*': () => running,
    'GET /studio/executions/*/journal': () => known,
    'GET /studio/executions/*/events': () => new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } }),
  });

  await show(running.id);

  expect((await screen.findAllByText(/Will retry 2 more times/)).length).toBeGreaterThan(0);
  expect(await screen.findByText('Backoff of 59 s')).toBeTruthy();
  expect(asked.find((one) => one.path.endsWith('/events'))?.headers.get('last-event-id')).toBe('3');
});

it('shows that a deleted execution was not found', async () => {
  fakeApi({});

  await show('unknown');

  expect(await screen.findByText('Execution not found')).toBeTruthy();
});

it('says when one starts that is put off, and its key', async () => {
  const startsAt = new Date(Date.now() + 59_500).toISOString();
  const putOff = anExecution({ status: 'pending', started_at: null, concurrency_key: 'ACME', starts_at: startsAt });
  fakeApi({ 'GET /studio/executions/*': () => putOff, 'GET /studio/executions/*/journal': () => [] });

  await show(putOff.id);

  expect(await screen.findByText(/unless another start comes before that/)).toBeTruthy();
  expect(screen.getByText('Concurrency key').parentElement?.textContent).toBe('Concurrency keyACME');
  expect(screen.getByText('Starts at')).toBeTruthy();
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import type { Flow } from '@/api/types';
import { aFlow } from '@/testing/a-flow';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { RunModal } from './run-modal';

const flow = aFlow({
  flow_definition: {
    nodes: [{ id: 'score', type: 'action' }],
    edges: [],
  },
  trigger_input: {
    fields: [
      { path: ['vendor', 'id'], type: 'text', used_by: ['score'] },
      { path: ['risk'], type: 'number', used_by: ['score'] },
    ],
    example: { vendor: { id: 'v-17' }, risk: 82 },
  },
});

async function open(shown: Flow = flow, hasRun = true) {
  const asked = fakeApi({
    'GET /studio/flows/f1': () => shown,
    'GET /studio/executions': () => (hasRun ? [{ id: 'e0' }] : []),
    'GET /studio/executions/e0': () => ({
      id: 'e0',
      trigger_data: { vendor: { id: 'last' }, risk: 1 },
      context_id: 'c0',
    }),
    'POST /studio/flows/f1/execute': () => ({ execution_id: 'e1' }),
  });
  const { history } = await renderScreen(<RunModal flow={shown} opened onClose={() => {}} />);
  const posts = () => asked.filter(({ method }) => method === 'POST');
  await screen.findByRole('button', { name: 'Run now' });
  return { history, posts, user: userEvent.setup() };
}

describe('running a flow', () => {
  test('sends the input once and opens the new execution', async () => {
    const { user, posts, history } = await open();

    await user.clear(screen.getByLabelText('vendor.id'));
    await user.type(screen.getByLabelText('vendor.id'), '007');
    await user.clear(screen.getByLabelText('risk'));
    await user.type(screen.getByLabelText('risk'), '82');
    await user.click(screen.getByRole('button', { name: 'Run now' }));

    await waitFor(() => expect(history.location.pathname).toBe('/executions/e1'));
    expect(posts()[0]?.body).toEqual({ trigger_data: { vendor: { id: '007' }, risk: 82 } });
    expect(posts()[0]?.headers.get('Idempotency-Key')).toBeTruthy();
  });

  test('starts with the example before the first run', async () => {
    const { user, posts } = await open(flow, false);

    await user.click(screen.getByRole('button', { name: 'Run now' }));

    await waitFor(() => expect(posts()).toHaveLength(1));
    expect(posts()[0]?.body).toEqual({ trigger_data: { vendor: { id: 'v-17' }, risk: 82 } });
  });

  test('starts with the last run, and takes its reference on request', async () => {
    const { user, posts } = await open();
    expect(screen.getByLabelText<HTMLInputElement>('vendor.id').value).toBe('last');

    await user.click(screen.getByRole('button', { name: 'Use last input' }));
    await user.click(screen.getByRole('button', { name: 'Run now' }));

    await waitFor(() => expect(posts()).toHaveLength(1));
    expect(posts()[0]?.body).toEqual({ trigger_data: { vendor: { id: 'last' }, risk: 1 }, context_id: 'c0' });
  });

  test('is disabled until all fields are valid', async () => {
    const { user, posts } = await open();

    await user.type(screen.getByLabelText('risk'), 'many{Enter}');

    expect(screen.getByText('Not a number.')).toBeTruthy();
    expect(posts()).toEqual([]);
  });

  test('asks for the fields of the form of its trigger, and for nothing else', async () => {
    const form = {
      type: 'object',
      required: ['risk'],
      properties: { risk: { type: 'number', title: 'Risk', maximum: 100 }, note: { type: 'string', title: 'Note' } },
    };
    const nodes = [{ id: 'start', type: 'trigger', form }];
    const { user, posts } = await open({ ...flow, flow_definition: { nodes, edges: [] } });
    const risk = screen.getByRole('textbox', { name: 'Risk' });
    expect(screen.queryByLabelText('vendor.id')).toBeNull();

    await user.clear(risk);
    await user.type(risk, '820');
    await user.click(screen.getByRole('button', { name: 'Run now' }));
    expect(screen.getByText('It must be at most 100.')).toBeTruthy();
    expect(posts()).toEqual([]);
    await user.clear(risk);
    await user.type(risk, '8.20');
    await user.click(screen.getByRole('button', { name: 'Run now' }));

    await waitFor(() => expect(posts()).toHaveLength(1));
    expect(posts()[0]?.text).toBe('{"trigger_data":{"risk":8.20}}');
  });

  test('is refused while the flow is paused', async () => {
    const { user, posts } = await open({ ...flow, status: 'paused' });

    await user.click(screen.getByRole('button', { name: 'Run now' }));

    expect(posts()).toEqual([]);
  });
});

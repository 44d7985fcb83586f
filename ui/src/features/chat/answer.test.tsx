import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { Execution, ExecutionRow } from '@/api/types';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { Answer } from './answer';

const node = { node_id: 'reply', node_name: 'Reply', status: 'running', waiting_for: 'approval', attempts: [] };
const execution = { id: 'e1', status: 'running', node_executions: [node] } as unknown as Execution;
const row = { id: 'e1', status: 'running', waiting_for: 'approval', completed_at: null } as ExecutionRow;
const call = { number: 1, tool: 'refund', status: 'waiting', approval: { decided: null } };

it.each([
  [[call], 'Waits for a person to approve refund.'],
  [[], 'Waits for a person to approve.'],
])('says once that a person is waited for', async (steps, said) => {
  fakeApi({
    'GET /studio/executions/*': () => execution,
    'GET /studio/executions/*/nodes/*/conversation': () => ({ steps }),
  });

  await renderScreen(
    <Answer entry={{ executionId: 'e1', turn: null, row }} nodeId="reply" hasTools onChange={() => {}} />,
  );

  expect(await screen.findByText(said)).toBeDefined();
  expect(screen.getAllByText(/Waits for a person/)).toHaveLength(1);
  expect(screen.getAllByRole('link', { name: 'Decide' })).toHaveLength(1);
});

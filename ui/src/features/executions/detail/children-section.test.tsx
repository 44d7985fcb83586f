import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { ChildrenSection } from './children-section';
import { ExecutionDetail } from './execution-detail';
import { aNode, anExecution } from './samples';

const PARENT = '01a20b8f-ee6f-7431-8fe0-235cbf261d33';
const counts = { items: 3, reused: 0, total: 3, running: 0, completed: 2, failed: 1, cancelled: 0 };
const each = aNode({
  node_id: 'each',
  node_name: 'Each order',
  node_type: 'map',
  status: 'completed',
  children: counts,
});
const aRow = (index: number, status: string, error: string | null = null) => ({
  id: `${PARENT.slice(0, -1)}${index}`,
  flow_name: 'Orders',
  status,
  index,
  error_message: error,
  duration_ms: 12,
  started_at: '2026-11-24T10:00:00Z',
  completed_at: '2026-11-24T10:00:00.012Z',
  summary: { total_nodes: 1, completed_nodes: 1, failed_nodes: 0 },
});

it('lists what a node started, and filters it by status', async () => {
  const user = userEvent.setup();
  const asked = fakeApi({
    'GET /studio/executions': () => [
      aRow(0, 'completed'),
      aRow(1, 'failed', 'Node `pay` failed after 1 attempt: HTTP 404'),
    ],
  });
  const show = vi.fn();
  await renderScreen(
    <ChildrenSection
      execution={anExecution({ id: PARENT })}
      node={each}
      counts={counts}
      status={undefined}
      onStatus={show}
    />,
    '/executions/x',
  );

  const list = await screen.findByRole('list', { name: 'Items' });
  await user.click(screen.getByRole('button', { name: 'Failed 1' }));

  expect(screen.getByText('2 completed, 1 failed of 3')).toBeTruthy();
  const failed = within(list).getByRole('link', { name: /Failed Item 1 pay: HTTP 404/ });
  expect(failed.getAttribute('href')).toBe(`/executions/${PARENT.slice(0, -1)}1`);
  expect(show).toHaveBeenCalledWith('failed');
  const query = asked[0]?.query;
  expect([query?.get('parent_id'), query?.get('parent_node')]).toEqual([PARENT, 'each']);
});

it('says where a part of an execution belongs, and leaves its retry to the parent', async () => {
  const parent = anExecution({ id: PARENT, flow_name: 'Orders', node_executions: [each] });
  const child = anExecution({
    id: '01a20b8f-ee6f-7431-8fe0-000000000007',
    flow_name: 'Orders',
    status: 'failed',
    parent_id: PARENT,
    parent_node_id: 'each',
    runs_body: true,
    index: 7,
    item: { order: 4711 },
  });
  fakeApi({
    'GET /studio/executions/*': ({ path }) => (path.includes(PARENT) ? parent : child),
    'GET /studio/executions/*/journal': () => [],
  });

  await renderScreen(<ExecutionDetail id={child.id} tab="data" onLook={vi.fn()} />, `/executions/${child.id}`);

  await waitFor(() =>
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Executions/Orders/Each order/Item 7'),
  );
  expect(screen.getByRole('link', { name: 'Each order' }).getAttribute('href')).toBe(`/executions/${PARENT}?node=each`);
  expect(screen.getByRole('link', { name: 'Open the parent' }).getAttribute('href')).toContain(PARENT);
  expect(screen.queryByRole('button', { name: 'Retry' })).toBeNull();
  expect(screen.getAllByText(/4711/).length).toBeTruthy();
});

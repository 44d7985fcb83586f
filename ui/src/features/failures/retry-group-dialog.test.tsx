import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { RETRIED_MAX } from './queries';
import { RetryGroupDialog } from './retry-group-dialog';
import { aGroup } from './samples';

const row = (id: string, status: string) => ({ id, status, flow_id: 'f', summary: {} });

/** A response about `count` executions, of which `skipped` were already retried. */
function answer(dry_run: boolean, count: number, skipped = 0) {
  const items = Array.from({ length: count }, (_, at) => ({
    execution_id: `old-${count - at}`,
    new_execution_id: dry_run || at < skipped ? null : `new-${count - at}`,
    skipped: at < skipped ? 'Already retried, as 01a214dc-4a87-77b9-88bc-ef0798de4c94.' : null,
  }));
  return { dry_run, matched: count, retried: count - skipped, skipped, items };
}

const show = () => renderScreen(<RetryGroupDialog group={aGroup()} isNarrow={false} onClose={vi.fn()} />);
const bodies = (asked: ReturnType<typeof fakeApi>) =>
  asked.filter(({ method }) => method === 'POST').map(({ body }) => body as { dry_run: boolean; before?: string });

test('it shows the plan, retries, and shows the progress of the new executions', async () => {
  const asked = fakeApi({
    'POST /studio/executions/retry': ({ body }) => answer((body as { dry_run: boolean }).dry_run, 3, 1),
    'GET /studio/executions': () => [row('new-2', 'completed'), row('new-1', 'failed')],
  });
  const user = userEvent.setup();
  await show();

  expect(await screen.findByText('1 × Already retried.')).toBeTruthy();
  await user.click(await screen.findByRole('button', { name: 'Retry 2 executions' }));

  expect(await screen.findByText('All 2 finished')).toBeTruthy();
  expect(screen.getByText('1 completed')).toBeTruthy();
  expect(screen.getByText('1 failed again')).toBeTruthy();
  expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('2');
  expect(bodies(asked).map(({ dry_run }) => dry_run)).toEqual([true, false]);
  expect(asked.filter(({ path }) => path === '/studio/executions')).toHaveLength(1);
});

test('a group larger than the limit is retried in batches', async () => {
  const asked = fakeApi({
    'POST /studio/executions/retry': ({ body }) => {
      const { dry_run, before } = body as { dry_run: boolean; before?: string };
      return before ? answer(dry_run, 5) : answer(dry_run, RETRIED_MAX, RETRIED_MAX - 1);
    },
    'GET /studio/executions': () => [row('new-1', 'completed')],
  });
  const user = userEvent.setup();
  await show();
  expect(await screen.findByText(/Retries the newest 1,000/)).toBeTruthy();

  await user.click(await screen.findByRole('button', { name: 'Retry 1 execution' }));
  await user.click(await screen.findByRole('button', { name: 'Continue with the next 1,000' }));

  expect(await screen.findByRole('button', { name: 'Retry 5 executions' })).toBeTruthy();
  expect(screen.getByText('This batch covers the next 1,000, which are older.')).toBeTruthy();
  expect(bodies(asked).map(({ before }) => before)).toEqual([undefined, undefined, 'old-1']);
});

test('a group that was already retried says so, and cannot be retried', async () => {
  fakeApi({ 'POST /studio/executions/retry': () => answer(true, 3, 3) });

  await show();

  expect(await screen.findByText('Nothing to retry: all 3 were already retried.')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Retry' }).getAttribute('aria-disabled')).toBe('true');
});

import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { type Asked, fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { BulkDialog } from './bulk-dialog';

const FINISHED = { reason: 'execution-finished', detail: 'Not cancelled: the execution is completed.' };

/** Answers as the server does: every second execution has ended. */
function answer({ body }: Asked) {
  const { ids = [], dry_run } = body as { ids?: string[]; dry_run: boolean };
  const skipped = Math.floor(ids.length / 2);
  return {
    dry_run,
    matched: ids.length,
    changed: ids.length - skipped,
    skipped,
    reasons: skipped ? [{ ...FINISHED, count: skipped }] : [],
    stopped: null,
    items: ids.map((execution_id) => ({ execution_id, skipped: null })),
  };
}

it('says what would be skipped and why, does it in batches, and sums up', async () => {
  const asked = fakeApi({ 'POST /studio/executions/cancel': answer });
  const person = userEvent.setup();
  const ids = Array.from({ length: 250 }, (_, number) => `id-${number}`);

  await renderScreen(<BulkDialog action="cancel" which={{ ids }} onClose={() => undefined} />);
  await screen.findByText('125 executions will be cancelled.');
  expect(screen.getByText(/125 × Not cancelled: the execution is completed/)).toBeTruthy();
  await person.click(screen.getByRole('button', { name: 'Cancel 125 executions' }));

  await screen.findByText('125 executions cancelled.');
  const sizes = asked.map(({ body }) => (body as { ids: string[] }).ids.length);
  expect(sizes).toEqual([250, 100, 100, 50]);
});

it('asks for all that match in the statuses that the action is for, page by page', async () => {
  const bodies: unknown[] = [];
  const page = (from: number, count: number) =>
    Array.from({ length: count }, (_, number) => ({ execution_id: `id-${from + number}`, skipped: null }));
  fakeApi({
    'POST /studio/executions/pause': ({ body }) => {
      bodies.push(body);
      const { before, dry_run } = body as { before?: string; dry_run: boolean };
      const items = before ? page(1_000, 3) : page(0, 1_000);
      return { dry_run, matched: items.length, changed: items.length, skipped: 0, reasons: [], stopped: null, items };
    },
  });

  const filters = { status: ['running' as const, 'failed' as const], q: '503' };
  await renderScreen(<BulkDialog action="pause" which={{ filters }} onClose={() => undefined} />);

  await screen.findByText('1,003 executions will be paused.');
  expect(bodies[0]).toEqual({ filter: { status: ['running'], q: '503' }, limit: 1_000, dry_run: true });
  expect((bodies[1] as { before: string }).before).toBe('id-999');
});

it('says so where nothing can be done', async () => {
  fakeApi({});

  const filters = { status: ['completed' as const] };
  await renderScreen(<BulkDialog action="resume" which={{ filters }} onClose={() => undefined} />);

  expect(await screen.findAllByText('Nothing to do for these executions.')).toBeTruthy();
});

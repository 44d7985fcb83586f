import { passes } from '../support/accessible.ts';
import { single } from '../support/flows.ts';
import { expect, test } from '../support/test.ts';

test('what an order did is undone when a person rejects it, and the timeline shows what and in which order', async ({
  page,
  api,
}) => {
  const flow = await api.flowNamed('Order that is undone');
  const order = await api.run(flow, { order: 'B-1', sku: 'chair', amount: 240 });
  await page.goto(`/executions/${order}`);
  await page.getByRole('button', { name: 'Reject' }).click();

  await api.reaches(order, 'failed');
  await expect(page.getByText('Undone before the end')).toBeVisible();
  const rows = page.getByRole('listbox').getByRole('option');
  await expect(rows.filter({ hasText: 'Ship it?' })).toBeVisible();
  await expect(page.getByText('Refund card').first()).toBeVisible();
  await passes(page, 'an execution that was undone');
});

test('on a narrow screen, a node and the dialog that runs again from it have names', async ({ page, api }) => {
  const flow = await api.createFlow(single('Looking', { name: 'Look', type: 'action', action: 'echo', input: {} }));
  const done = await api.run(flow);
  await api.reaches(done, 'completed');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/executions/${done}?node=only`);
  const node = page.getByRole('dialog', { name: 'Look' });
  await expect(node).toBeVisible();
  await passes(page, 'a node on a narrow screen');

  await node.getByRole('button', { name: 'Run again from here' }).click();

  await expect(page.getByRole('dialog', { name: 'Run again from Look' })).toBeVisible();
  await passes(page, 'the dialog of a fork on a narrow screen');
});

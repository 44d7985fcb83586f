import { passes } from '../support/accessible.ts';
import { single } from '../support/flows.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

const waits = single('Waits', { type: 'delay', delay_seconds: 3600 });

test('everything is paused with a reason, what comes waits and says why, and goes on', async ({ page, api }) => {
  const flow = await api.createFlow(waits);
  await page.goto('/executions');
  await expect(page.getByRole('heading', { name: 'Executions' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search for an action, page, flow, agent or execution ID').fill('pause everything');
  await expect(page.getByRole('option', { name: 'Pause everything', selected: true })).toBeVisible();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Pause everything?' });
  await dialog.getByLabel('Reason (optional)').fill('The ledger is being moved');
  await passes(page, 'the question before everything is paused');
  await dialog.getByRole('button', { name: 'Pause everything' }).click();
  const banner = page.getByRole('status').filter({ hasText: 'Everything is paused' });
  await expect(banner).toContainText('The ledger is being moved');

  const execution = await api.run(flow);
  await expect(page.getByRole('row').filter({ hasText: 'Waits' })).toContainText('Waiting until everything is resumed');
  await page.goto(`/executions/${execution}`);
  await expect(page.getByText('Everything is paused. It starts once everything is resumed.')).toBeVisible();
  await passes(page, 'an execution while everything is paused');
  await banner.getByRole('button', { name: 'Resume' }).click();
  await expect(banner).toHaveCount(0);

  await api.reaches(execution, 'running');
  await page.goto('/audit');
  await expect(page.getByRole('main').getByText('Pause everything')).toBeVisible();
  await expect(page.getByRole('main').getByText('Resume everything')).toBeVisible();
});

test('selected executions are cancelled and retried at once, and what cannot be is named', async ({ page, api }) => {
  const flow = await api.createFlow(waits);
  const all = [await api.run(flow), await api.run(flow), await api.run(flow)];
  await api.cancel(all[0] ?? '');
  await page.goto('/executions');
  await page.getByRole('checkbox', { name: 'Select all loaded executions' }).check();
  const bar = page.getByRole('toolbar', { name: 'Selected executions' });
  await expect(bar).toContainText('3 selected');
  await passes(page, 'executions that are selected');
  await bar.getByRole('button', { name: 'Cancel' }).click();
  const cancelling = page.getByRole('dialog', { name: 'Cancel executions' });
  await expect(cancelling).toContainText('2 executions will be cancelled.');
  await expect(cancelling).toContainText('1 execution skipped:');
  await passes(page, 'the question before executions are cancelled');
  await cancelling.getByRole('button', { name: 'Cancel 2 executions' }).click();
  await expect(cancelling).toContainText('2 executions cancelled.');
  await cancelling.getByRole('button', { name: 'Close' }).last().click();
  for (const execution of all) await api.reaches(execution, 'cancelled');

  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await page.getByRole('checkbox', { name: 'Select the execution of Waits' }).first().check();
  await expect(bar).toContainText('1 selected');
  await passes(page, 'the bar of selected executions on a phone');
  for (const button of await bar.getByRole('button').all()) await expect(button).toBeInViewport({ ratio: 1 });
  await bar.getByRole('button', { name: 'Retry' }).click();
  const retrying = page.getByRole('dialog', { name: 'Retry executions' });
  await retrying.getByRole('radio', { name: /^From the start/ }).click();
  await retrying.getByRole('button', { name: 'Retry 1 execution' }).click();
  await expect(retrying).toContainText('1 execution retried as new executions.');
  await expect.poll(async () => (await api.executionsOf(flow)).length).toBe(4);
});

test('filters are saved as a view, applied from it, and deleted', async ({ page, api }) => {
  const flow = await api.createFlow(waits);
  await api.cancel(await api.run(flow));
  await page.goto('/executions?status=cancelled');
  const views = page.getByRole('button', { name: 'Views' });
  await views.click();
  const menu = page.getByRole('dialog', { name: 'Views' });
  await menu.getByLabel('Name of the view').fill('Given up');
  await menu.getByRole('button', { name: 'Save' }).click();
  await expect(menu.getByRole('button', { name: 'Given up', exact: true })).toBeVisible();
  await passes(page, 'the menu of views');

  await page.goto('/executions');
  await views.click();
  await menu.getByRole('button', { name: 'Given up', exact: true }).click();
  await expect(page).toHaveURL(/status=cancelled/);
  await views.click();
  await menu.getByRole('button', { name: 'Delete view Given up' }).click();
  await expect(menu.getByRole('button', { name: 'Given up', exact: true })).toHaveCount(0);
});

test('a failed run is retried with other data, shows how it differs, and names its outcome', async ({ page, api }) => {
  const flow = await api.createFlow({
    name: 'Booking',
    flow_definition: {
      nodes: [
        { id: 'start', type: 'trigger' },
        { id: 'check', type: 'condition', condition: 'start.amount < 100' },
        { id: 'book', type: 'action', action: 'echo', input: {} },
        { id: 'refuse', type: 'action', action: 'fail', input: { message: 'Too much' } },
      ],
      edges: [
        { from: 'start', to: 'check' },
        { from: 'check', to: 'book', condition: true },
        { from: 'check', to: 'refuse', condition: false },
      ],
    },
  });
  const failed = await api.run(flow, { amount: 250 });
  await api.reaches(failed, 'failed');
  await page.goto(`/executions/${failed}`);
  await page.getByRole('main').getByRole('button', { name: 'Retry', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry this execution' });
  await dialog.getByRole('radio', { name: /^From the start/ }).click();
  await dialog.getByRole('combobox', { name: 'Data to change' }).click();
  await page.getByRole('option', { name: 'Trigger data' }).click();
  await dialog.getByRole('textbox', { name: 'Trigger data' }).fill('{ "amount": 25 }');
  const change = dialog.getByRole('region', { name: 'Change of Trigger data' });
  await expect(change).toContainText('removed:   "amount": 250');
  await expect(change).toContainText('added:   "amount": 25');
  await passes(page, 'a retry with changes');
  await dialog.getByRole('button', { name: 'Retry', exact: true }).click();

  await expect(page).not.toHaveURL(new RegExp(failed));
  await expect(page.getByRole('main').getByText('Completed', { exact: true }).first()).toBeVisible();
  await page.goto(`/executions/${failed}`);
  await expect(page.getByText('Retried as')).toBeVisible();
});

test('a group of failures is muted and resolved, and opens again when it fails in a later version', async ({
  page,
  api,
}) => {
  const fails = single('Ledger', { type: 'action', action: 'fail', input: { message: 'The ledger is closed' } });
  const flow = await api.createFlow(fails);
  await api.reaches(await api.run(flow), 'failed');
  await page.goto('/failures');
  const group = page.getByRole('row').filter({ hasText: 'The ledger is closed' });
  const manage = group.getByRole('button', { name: 'Manage failures with: The ledger is closed' });
  await manage.click();
  await passes(page, 'the menu of a failure group');
  await page.getByRole('menuitem', { name: 'For an hour' }).click();
  await expect(group).toHaveCount(0);
  await page.getByText('Muted 1', { exact: true }).click();
  await expect(group).toContainText('Muted until');
  await manage.click();
  await page.getByRole('menuitem', { name: 'Unmute' }).click();
  await page.getByText('Open 1', { exact: true }).click();
  await manage.click();
  await page.getByRole('menuitem', { name: 'In the current version' }).click();
  await expect(group).toHaveCount(0);

  await api.changeFlow(flow, { ...fails, retry_count: 1 });
  await api.reaches(await api.run(flow), 'failed');
  await expect(group).toContainText('2 executions');
});

import type { Locator, Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { nodeShown } from '../support/canvas.ts';
import { expect, test } from '../support/test.ts';

test('a flow is built by drag and drop, configured, saved, run and completed', async ({ page, api }) => {
  await page.goto('/flows');
  await page.getByRole('button', { name: 'New flow' }).click();
  await page.getByLabel('Name').fill('Wait and tell');
  await page.getByRole('button', { name: 'Create draft' }).click();

  await dragOnto(page, 'Delay', 340);
  await page.getByLabel('Seconds').fill('1');
  await dragOnto(page, 'Transform', 620);
  await join(page, 'Start', 'Delay');
  await join(page, 'Delay', 'Transform');

  await page.getByRole('button', { name: 'Settings' }).click();
  const settings = page.getByRole('dialog', { name: 'Flow settings' });
  await settings.getByRole('switch', { name: 'Retry on Failure' }).click();
  await settings.getByLabel('Retry Count').fill('4');
  await settings.getByRole('button', { name: 'Save' }).click();
  await expect(settings).toBeHidden();

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version')).toBeVisible();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();

  await expect(page).toHaveURL(/\/executions\//);
  await expect(page.getByRole('option', { name: /^Delay Completed/ })).toBeVisible();
  await expect(page.getByRole('option', { name: /^Transform Completed/ })).toBeVisible();
  const flow = await api.flow(await api.flowNamed('Wait and tell'));
  expect(flow).toMatchObject({ retry_on_failure: true, retry_count: 4 });
});

test('a flow is given a schedule, starts by itself once it is active, and stops when it is paused', async ({
  page,
  api,
  complaints,
}) => {
  const flow = await api.createFlow({
    name: 'Count the stock',
    flow_definition: { nodes: [{ id: 'start', type: 'trigger' }], edges: [] },
  });
  await page.goto(`/flows/${flow}`);
  await nodeOf(page, 'start').click();
  await page.getByRole('switch', { name: 'Schedule' }).click();
  const next = page.getByRole('region', { name: 'Next starts' });
  await expect(next.getByRole('row')).toHaveCount(11);
  complaints.expect(/schedules\/next.*31\+2/);
  await page.getByRole('textbox', { name: 'Cron expression' }).fill('* * * 31 2 *');
  await expect(next).toContainText('None: see the fault above.');
  await page.getByRole('textbox', { name: 'Cron expression' }).fill('* * * * * *');
  await expect(next.getByRole('row')).toHaveCount(11);
  await expect(next).toContainText('Starts when the flow is active.');
  await passes(page, 'a schedule in the editor');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version')).toBeVisible();
  await page.getByRole('button', { name: 'Draft' }).click();
  await page.getByRole('menuitem', { name: /^Activate/ }).click();

  await expect.poll(async () => (await api.executionsOf(flow)).length).toBeGreaterThan(1);
  await page.getByRole('button', { name: /^Schedule, next start/ }).click();
  await passes(page, 'the schedule of a flow');
  await page.getByRole('dialog', { name: 'Schedule' }).getByRole('link').click();
  await expect(page.getByText(/^Schedule start/)).toBeVisible();
  await page.goto(`/executions?flow=${flow}`);
  await expect(page.getByRole('img', { name: 'Started by a schedule' }).first()).toBeVisible();

  await page.goto(`/flows/${flow}`);
  await page.getByRole('button', { name: 'Active' }).click();
  await page.getByRole('menuitem', { name: /^Pause/ }).click();
  await page.getByRole('button', { name: 'Schedule, nothing planned' }).click();
  await expect(page.getByRole('dialog', { name: 'Schedule' })).toContainText('Starts when the flow is active.');
});

/** Drops an entry of the palette on the canvas, `x` pixels from its left edge. */
async function dragOnto(page: Page, entry: string, x: number): Promise<void> {
  const canvas = page.getByLabel('Flow canvas');
  await page
    .getByRole('button', { name: entry, exact: true })
    .dragTo(canvas, { targetPosition: { x, y: 300 } });
  await expect(nodeOf(page, entry)).toBeVisible();
  await nodeShown(page);
}

/** Draws an edge from the dot on the right of one node to the one on the left of another. */
async function join(page: Page, from: string, to: string): Promise<void> {
  const edges = page.locator('.react-flow__edge');
  const before = await edges.count();
  await nodeOf(page, from).locator('[data-handleid="out"]').hover();
  await page.mouse.down();
  await nodeOf(page, to).locator('.react-flow__handle-left').hover();
  await page.mouse.up();
  await expect(edges).toHaveCount(before + 1);
}

function nodeOf(page: Page, name: string): Locator {
  return page.locator('.react-flow__node').filter({ hasText: name });
}

import type { Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { nodeShown } from '../support/canvas.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

test('a map with a body of two nodes is built, run over five items, and its failed item is opened', async ({
  page,
  api,
}) => {
  await page.goto('/flows');
  await page.getByRole('button', { name: 'New flow' }).first().click();
  await page.getByLabel('Name').fill('Reserve orders');
  await page.getByRole('button', { name: 'Create draft' }).click();

  await page.getByRole('button', { name: 'Map', exact: true }).click();
  await page.getByRole('group', { name: 'Items' }).getByRole('textbox').fill('${trigger_data.orders}');
  await page.getByRole('combobox', { name: 'If an item fails' }).click();
  await page.getByRole('option', { name: 'collect' }).click();
  await page.getByRole('button', { name: 'Edit body' }).click();
  await buildBody(page);

  // A problem in the body is counted at the node that has it, and leads to its place.
  await page.keyboard.press('Escape');
  await expect(page.getByRole('group', { name: /^Map, map, 1 problem/ })).toBeVisible();
  await page.getByRole('button', { name: /Map › Sold out · input/ }).click();
  await expect(page.getByRole('navigation', { name: 'Where the canvas is' })).toContainText('Reserve orders›Map');
  await passes(page, 'a body in the editor');
  await page.getByRole('textbox', { name: 'Message' }).fill('"None of ${item.sku} left"');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version')).toBeVisible();

  const orders = [5, 1, 0, 2, 7].map((left, at) => ({ sku: `A-${at}`, left }));
  const execution = await api.run(await api.flowNamed('Reserve orders'), { orders });
  await page.goto(`/executions/${execution}?node=map`);
  await expect(page.getByText('4 completed, 1 failed of 5')).toBeVisible();
  await passes(page, 'the executions of a map');
  await page.getByRole('button', { name: 'Failed 1' }).click();
  await page.getByRole('link', { name: /Item 2 Sold out: None of A-2 left/ }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Executions/Reserve orders/Map/Item 2');
  await expect(page.getByRole('option', { name: /^Sold out Failed/ })).toBeVisible();
  await expect(page.getByText('"sku":"A-2"')).toBeVisible();
  await page.getByRole('link', { name: 'Map', exact: true }).click();
  await expect(page.getByRole('list', { name: 'Items' }).getByRole('listitem')).toHaveCount(5);
});

/** Makes the body a condition and a failure: an item without stock fails, and the message is still missing. */
async function buildBody(page: Page): Promise<void> {
  await page.locator('.react-flow__node').click();
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'Condition', exact: true }).click();
  await nodeShown(page);
  await page.getByRole('combobox', { name: 'Expression' }).fill('item.left == 0');
  await page.getByRole('button', { name: 'Fail', exact: true }).click();
  await page.getByLabel('Name', { exact: true }).fill('Sold out');
  await page.getByRole('button', { name: 'Close', exact: true }).click();
}

import type { Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';

test('a node is tested with pinned inputs, which are kept', async ({ page, api }) => {
  const flow = await api.flowNamed('Two checks in parallel');
  await api.reaches(await api.run(flow, { vendor: 'ACME', risk: 82 }), 'completed');
  await openTest(page, flow);
  const before = await api.executionsOf(flow);
  const panel = page.getByRole('region', { name: 'Test this node' });
  await expect(panel.getByRole('textbox', { name: 'Output of Check finances' })).toContainText('ACME');

  await pin(page, '{"vendor": "Umbrella"}');
  await panel.getByRole('button', { name: 'Test' }).click();
  await expect(panel.getByRole('group', { name: 'Succeeded' }).getByRole('region', { name: 'Output' })).toContainText('Umbrella');

  await pin(page, '{"name": "Umbrella"}');
  await panel.getByRole('button', { name: 'Test' }).click();
  await expect(panel.getByRole('group', { name: 'Failed' })).toContainText('`finances` has no field `vendor`; it has `name`');

  await pin(page, '{"name":');
  await expect(panel.getByRole('button', { name: 'Test' })).toBeDisabled();
  await page.reload();
  await openTest(page, flow);
  await expect(panel.getByRole('textbox', { name: 'Output of Check finances' })).toHaveText('{"name": "Umbrella"}');
  expect(await api.executionsOf(flow)).toHaveLength(before.length);
});

/** Opens the test of the node that reads the output of `Check finances`. */
async function openTest(page: Page, flow: string): Promise<void> {
  await page.goto(`/flows/${flow}`);
  await page.locator('.react-flow__node').filter({ hasText: 'Reject' }).click();
  await page.getByRole('tab', { name: 'Test' }).click();
}

/** Replaces the pinned value. */
async function pin(page: Page, json: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Output of Check finances' });
  await field.fill(json);
  await expect(field).toHaveText(json);
}

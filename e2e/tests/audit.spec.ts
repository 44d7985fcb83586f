import { readFile } from 'node:fs/promises';
import { passes } from '../support/accessible.ts';
import { apiOf, firstAdmin } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false, auth: true });

const NOTE = { id: 'note', type: 'action', action: 'echo', input: {} };

test('the audit log says who did what, is filtered, leads to what it is about, and is exported', async ({ page, server }) => {
  await firstAdmin(page, server);
  const api = await apiOf(page, server);
  const flow = await api.createFlow({ name: 'Orders', flow_definition: { nodes: [NOTE], edges: [] } });
  await api.activate(flow);

  await page.goto('/audit');
  const created = page.getByRole('row', { name: /Create flow/ });
  for (const text of ['API key sf_live_', 'Flow Orders', 'Done', '127.0.0.1']) await expect(created).toContainText(text);
  await expect(page.getByRole('row', { name: /Create key/ })).toContainText('ann@example.org');
  await passes(page, 'the audit log');

  await page.getByRole('combobox', { name: 'Action' }).click();
  await page.getByRole('option', { name: 'Activate flow' }).click();
  await expect(page).toHaveURL(/action=activate_flow/);
  await expect(created).toHaveCount(0);
  await expect(page.getByRole('row', { name: /Activate flow/ })).toBeVisible();
  await page.getByRole('searchbox', { name: 'E-mail address or key' }).fill('nobody');
  await expect(page.getByText('No entry fits these filters')).toBeVisible();
  await passes(page, 'the audit log without a fitting entry');
  await page.getByRole('button', { name: 'Clear filters' }).last().click();

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  const text = await readFile(await (await download).path(), 'utf8');
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as { number: number; entry: string });
  expect(lines.map(({ number }) => number)).toEqual(lines.map((_, at) => at + 1));
  expect(text).toContain('activate_flow');

  await created.getByRole('link', { name: 'Flow Orders' }).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/flows/${flow}`));
});

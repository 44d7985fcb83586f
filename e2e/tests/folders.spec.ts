import { passes } from '../support/accessible.ts';
import { apiOf, firstAdmin, invite, join } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false, auth: true });

const ECHO = { id: 'a', name: 'A', type: 'action', action: 'echo', input: {} };

test('a member with a role in one folder sees that folder alone, runs its flow and cannot edit it', async ({
  page,
  server,
  browser,
}) => {
  await firstAdmin(page, server);
  const api = await apiOf(page, server);
  for (const name of ['Refunds', 'Payroll']) {
    await api.activate(await api.createFlow({ name, flow_definition: { nodes: [ECHO], edges: [] } }));
  }
  await page.goto('/flows');
  await page.getByRole('button', { name: 'More actions for Refunds' }).click();
  await page.getByRole('menuitem', { name: 'Move to folder…' }).click();
  await page.getByRole('dialog').getByLabel('Folder').fill('billing/refunds');
  await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
  await page.getByRole('link', { name: 'billing 1 flow' }).click();
  await expect(page).toHaveURL(/folder=billing$/);
  await passes(page, 'a folder of flows');
  const link = await invite(page, 'bob@example.org', 'No role');
  const theirs = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
  await join(theirs, link, 'Bob');

  await page.goto('/members');
  await page.getByRole('group', { name: 'Actions for Bob' }).getByRole('button', { name: 'Folders' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Add a folder' }).click();
  await dialog.getByRole('combobox', { name: 'Folder' }).fill('billing');
  await dialog.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'Operator' }).click();
  await passes(page, 'the form of roles in folders');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('billing: Operator')).toBeVisible();

  await theirs.goto('/flows?folder=billing%2Frefunds');
  await theirs.getByRole('link', { name: 'Refunds', exact: true }).click();
  await expect(theirs.getByRole('button', { name: 'Save', exact: true })).toHaveAccessibleDescription(
    'This needs the role Editor, and yours is Operator. Ask an admin.',
  );
  await theirs.getByRole('button', { name: 'Run', exact: true }).click();
  await theirs.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
  await expect(theirs).toHaveURL(/\/executions\/[0-9a-f-]{36}/);
  await theirs.goto('/flows?q=a');
  await expect(theirs.getByRole('link', { name: 'Refunds', exact: true })).toBeVisible();
  await expect(theirs.getByText('Payroll')).toHaveCount(0);
});

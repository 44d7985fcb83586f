import { passes } from '../support/accessible.ts';
import { firstAdmin } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false, auth: true });

test('a key is made with the keyboard alone, shown once, used and deleted', async ({ page, server }) => {
  await firstAdmin(page, server);
  await page.goto('/keys');
  await expect(page.getByText('No API keys yet')).toBeVisible();
  await passes(page, 'the page of keys without keys');

  await page.getByRole('button', { name: 'Create key' }).first().focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Create an API key' });
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await passes(page, 'the form of a key');
  await page.keyboard.type('Nightly import');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await expect(dialog.getByRole('radio', { name: 'Operator' })).toBeChecked();
  await page.getByLabel('Name').press('Enter');
  const shown = dialog.getByLabel('API key');
  await expect(shown).toBeFocused();
  await passes(page, 'a key that was made');
  const key = await shown.inputValue();
  expect(key).toMatch(/^sf_live_\w{49}$/);
  await dialog.getByRole('button', { name: 'Done' }).press('Enter');

  const row = page.getByRole('row', { name: /Nightly import/ });
  for (const text of ['You', 'Operator', 'Not used yet']) await expect(row).toContainText(text);
  expect(await page.content()).not.toContain(key.slice(0, 24));
  const ask = async (path: string, method = 'GET') =>
    (await fetch(`${server.url}/api/v1/studio/${path}`, { method, headers: { authorization: `Bearer ${key}` } })).status;
  expect([await ask('flows'), await ask('secrets'), await ask('flows/none', 'DELETE')]).toEqual([200, 403, 403]);
  await passes(page, 'the page of keys');
  await row.getByRole('button', { name: 'Delete the key Nightly import' }).click();
  const asked = page.getByRole('dialog', { name: 'Delete API key' });
  await passes(page, 'the question before a key is deleted');
  await asked.getByRole('button', { name: 'Delete key' }).click();

  await expect(page.getByText('No API keys yet')).toBeVisible();
  expect(await ask('flows')).toBe(401);
});

test('a key of a service account is limited to a flow and a network', async ({ page, server, complaints }) => {
  complaints.expect(/status of 400/);
  await firstAdmin(page, server);
  await page.goto('/flows');
  await page.getByRole('button', { name: 'New flow' }).first().click();
  await page.getByRole('dialog').getByLabel('Name').fill('Orders');
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/\/flows\/[0-9a-f-]{36}/);
  const flow = page.url().split('/').at(-1);

  await page.goto('/keys');
  await page.getByRole('button', { name: 'Create key' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Create an API key' });
  await dialog.getByRole('radio', { name: 'A service account' }).check();
  await dialog.getByRole('combobox', { name: 'Service account' }).fill('Importer');
  await dialog.getByLabel('Name').fill('Import');
  await dialog.getByRole('combobox', { name: 'Only these flows' }).click();
  await page.getByRole('option', { name: 'Orders' }).click();
  await page.keyboard.press('Escape');
  const networks = dialog.getByRole('combobox', { name: 'Only from these networks' });
  await networks.fill('nowhere');
  await networks.press('Enter');
  await dialog.getByRole('button', { name: 'Create key' }).click();
  await expect(dialog.getByText(/`?nowhere`? is no address/)).toBeVisible();
  await networks.press('Backspace');
  await networks.fill('127.0.0.0/8');
  await networks.press('Enter');
  await dialog.getByRole('button', { name: 'Create key' }).click();
  const key = await dialog.getByLabel('API key').inputValue();
  await dialog.getByRole('button', { name: 'Done' }).click();

  const row = page.getByRole('row', { name: /Import/ });
  for (const text of ['Importer', 'service account', 'Orders', '127.0.0.0/8']) await expect(row).toContainText(text);
  const ask = async (path: string) =>
    (await fetch(`${server.url}/api/v1/studio/${path}`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect([await ask(`flows/${flow}`), await ask('flows')]).toEqual([200, 403]);
});

import { passes } from '../support/accessible.ts';
import { single } from '../support/flows.ts';
import { expect, test } from '../support/test.ts';

test('executions are searched, browsed and opened with the keyboard alone', async ({ page }) => {
  await page.goto('/executions');
  const rows = page.getByRole('table', { name: 'Executions' }).getByRole('row');
  const search = page.getByRole('searchbox', { name: 'Search by ID, reference or error' });
  await expect(rows.nth(1).getByRole('link')).toBeVisible();

  await page.keyboard.press('j');
  await expect(rows.nth(1).getByRole('link')).toBeFocused();
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(3).getByRole('link')).toBeFocused();
  await page.keyboard.press('k');
  await expect(rows.nth(2).getByRole('link')).toBeFocused();

  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await page.keyboard.type('maintenance jk?');
  await expect(search).toHaveValue('maintenance jk?');
  await search.fill('maintenance');
  await expect(page).toHaveURL(/q=maintenance/);
  await expect(rows).toHaveCount(2);
  await page.keyboard.press('Escape');
  await expect(search).not.toBeFocused();
  await expect(search).toHaveValue('maintenance');
  await page.keyboard.press('j');
  await expect(rows.nth(1).getByRole('link')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/executions\/[0-9a-f-]{36}/);

  await page.getByRole('option', { name: /^Prepare the order/ }).click();
  await expect(page).toHaveURL(/node=/);
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/node=/);
});

test('every list is browsed with the same keys', async ({ page, api }) => {
  const fails = { type: 'action', action: 'fail', input: { message: 'The ledger is closed' } };
  const flow = await api.createFlow(single('Books it', fails));
  await api.reaches(await api.run(flow), 'failed');
  await api.createAgent('Clerk');
  const lists = [
    { address: '/flows', first: page.getByRole('link', { name: 'Books it' }) },
    { address: '/flows?view=table', first: page.getByRole('link', { name: 'Books it' }) },
    { address: '/failures', first: page.getByRole('main').getByRole('row').nth(1).getByRole('link').first() },
    { address: '/agents', first: page.getByRole('button', { name: 'Edit Clerk' }) },
  ];
  for (const { address, first } of lists) {
    await page.goto(address);
    await expect(first).toBeVisible();
    await page.keyboard.press('j');
    await expect(first).toBeFocused();
  }

  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Edit agent' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('the keyboard shortcuts are listed on request', async ({ page }) => {
  await page.goto('/flows');
  await expect(page.getByRole('button', { name: 'Run now: Transient failure recovers' })).toBeVisible();
  const shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' });

  await page.keyboard.press('?');
  await expect(shortcuts.getByText('Next row, previous row')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(shortcuts).toBeHidden();

  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search for an action, page, flow, agent or execution ID').fill('keyboard');
  await expect(page.getByRole('option', { name: 'Keyboard shortcuts', selected: true })).toBeVisible();
  await passes(page, 'the palette');
  await page.getByRole('option', { name: 'Keyboard shortcuts' }).click();
  await expect(shortcuts).toBeVisible();
});

import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

test('the tour ends with an own flow that failed and was retried, and is remembered', async ({ page }) => {
  await page.goto('/flows');
  await page.getByRole('main').getByRole('button', { name: 'Take the tour' }).last().click();
  const tour = page.getByRole('region', { name: 'Tour' });

  await tour.getByRole('button', { name: 'Create it' }).press('Enter');
  await expect(page).toHaveURL(/\/flows\/[0-9a-f-]{36}/);
  await page.reload();
  await tour.getByRole('button', { name: 'Run it' }).press('Enter');
  await expect(page).toHaveURL(/\/executions\/[0-9a-f-]{36}/);
  await expect(tour.getByText('It has failed')).toBeVisible();
  await passes(page, 'the tour');
  await page.getByRole('main').getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^Retry/ }).click();
  await expect(tour.getByText('Done: your own flow')).toBeVisible();
  await tour.getByRole('button', { name: 'Finish' }).click();
  await page.goto('/flows');
  await expect(page.getByText('Tour: a call that fails at first')).toBeVisible();
  await expect(tour).toHaveCount(0);

  await page.getByRole('button', { name: 'New flow' }).click();
  const dialog = page.getByRole('dialog', { name: 'New flow' });
  await dialog.getByRole('tab', { name: 'Template' }).click();
  await dialog.getByRole('radio', { name: /^Saga/ }).click();
  await expect(dialog.getByText('Your own services')).toBeVisible();
  await passes(page, 'the templates');
  await dialog.getByRole('button', { name: 'Create draft' }).click();
  await expect(page).toHaveURL(/\/flows\/[0-9a-f-]{36}/);
  await expect(page.getByText('No problems')).toBeVisible();
});

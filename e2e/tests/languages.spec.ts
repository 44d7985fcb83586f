/** The studio in other languages: it is chosen, kept, and fits its pages. */
import type { Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

test('a language is chosen, kept, and used for numbers and dates', async ({ page }) => {
  await page.goto('/flows');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');

  await page.getByRole('button', { name: 'Change language' }).click();
  await page.getByRole('menuitem', { name: 'Deutsch' }).click();

  await expect(page.getByRole('button', { name: 'Neuer Flow' })).toBeVisible();
  await page.goto('/executions');
  await expect(page.getByRole('heading', { name: 'Ausführungen' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await page.getByRole('button', { name: 'Sprache ändern' }).click();
  await page.getByRole('menuitem', { name: '日本語' }).click();
  await expect(page.getByRole('heading', { name: '実行' })).toBeVisible();
});

for (const language of ['de', 'ja'])
  test(`every page fits a phone in ${language}`, async ({ page, api }) => {
    const flow = await api.flowNamed('Retries run out');
    const failed = await api.run(flow);
    await api.reaches(failed, 'failed');
    await page.addInitScript((locale) => localStorage.setItem('steadflow.locale', locale), language);
    await page.setViewportSize({ width: 390, height: 844 });
    const addresses = [
      '/flows',
      `/flows/${flow}`,
      '/executions',
      `/executions/${failed}`,
      '/approvals',
      '/failures',
      '/alerts',
      '/analytics',
      '/analytics/costs',
      '/agents',
      '/secrets',
      '/audit',
      '/reference',
    ];

    for (const address of addresses) {
      await page.goto(address);
      await expect(page.locator('html')).toHaveAttribute('lang', language);
      await expect(page.getByRole('main').getByRole('heading').first()).toBeVisible();
      await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
      await expect.poll(() => widest(page), address).toBeLessThanOrEqual(390);
    }
    await page.goto(`/executions/${failed}`);
    await expect(page.getByText('Submit the order').first()).toBeVisible();
    await passes(page, `an execution in ${language}`);
  });

/** How wide what a page shows is: `main` scrolls, and the page itself never does. */
function widest(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(document.documentElement.scrollWidth, document.querySelector('main')?.scrollWidth ?? 0),
  );
}

import { expect, test } from '../support/test.ts';

test.use({ demo: false });

test('values of an address that a page does not know are ignored', async ({ page }) => {
  const search = 'period=toString&status=__proto__&error=constructor&sort=valueOf&view=constructor&tab=__proto__';
  for (const [path, heading] of [
    ['flows', 'Flows'],
    ['executions', 'Executions'],
    ['failures', 'Failures'],
    ['analytics', 'Retry analytics'],
  ]) {
    await page.goto(`/${path}?${search}`);
    await expect(page.getByRole('heading', { name: heading, exact: true })).toBeVisible();
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
});

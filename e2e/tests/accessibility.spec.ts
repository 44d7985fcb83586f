import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { expect, test } from '../support/test.ts';

test('every page passes the accessibility rules, light and dark', async ({ page, api }) => {
  test.slow();
  const flow = await api.flowNamed('Two checks side by side');
  const failed = await api.run(await api.flowNamed('Retries run out'));
  await api.reaches(failed, 'failed');
  const pages = [
    { address: '/flows', shows: 'Two checks side by side' },
    { address: `/flows/${flow}`, shows: 'Too risky?' },
    { address: '/executions', shows: 'Retries run out' },
    { address: `/executions/${failed}`, shows: 'Submit it' },
    { address: `/executions/${failed}?node=submit`, shows: 'Attempts' },
    { address: '/failures', shows: 'Failures' },
    { address: '/analytics', shows: 'Analytics' },
    { address: '/agents', shows: 'Agents' },
  ];

  for (const { address, shows } of pages) {
    await page.goto(address);
    await expect(page.getByRole('main').getByText(shows).first()).toBeAttached();
    await isAccessible(page, address);
  }
});

test('the settings of a flow pass the accessibility rules, light and dark', async ({ page, api }) => {
  await page.goto(`/flows/${await api.flowNamed('Retries run out')}`);
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByRole('dialog', { name: 'Flow settings' }).getByText('What this means')).toBeVisible();

  await isAccessible(page, 'the settings');
});

/** No finding that keeps somebody from using the page. */
async function isAccessible(page: Page, where: string): Promise<void> {
  // What loads is not what people read.
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
  await page.evaluate(axe.source);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
    // Colours may fade over; what turns for ever is not waited for.
    await page.evaluate(() =>
      Promise.all(
        document
          .getAnimations()
          .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
          .map((animation) => animation.finished.catch(() => null)),
      ),
    );
    const { violations } = await page.evaluate(() => {
      const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
      return axe.run();
    });
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const findings = grave.map(({ id, help, nodes }) => ({ id, help, at: nodes.map((node) => node.html) }));
    expect.soft(findings, `${where}, ${colorScheme}`).toEqual([]);
  }
}

/** The rules of accessibility. */
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

/** Checks the page for accessibility violations. */
export async function passes(page: Page, where: string): Promise<void> {
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
  await expect.poll(() => page.evaluate(countFading)).toBe(0);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    return axe.run({ resultTypes: ['violations'], preload: false });
  });
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const findings = grave.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html) }));
  expect.soft(findings, where).toEqual([]);
}

/** Returns the number of running transitions and finite animations. */
function countFading(): number {
  return document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity).length;
}

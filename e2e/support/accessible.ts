/** The rules of accessibility. */
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

/** Checks the page for accessibility violations: in light colours all rules, in dark ones what depends on colours. */
export async function passes(page: Page, where: string): Promise<void> {
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
  await page.evaluate(axe.source);
  await passesIn(page, 'light', where, []);
  await passesIn(page, 'dark', where, ['color-contrast', 'link-in-text-block']);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function passesIn(page: Page, colorScheme: 'light' | 'dark', where: string, rules: string[]): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
  await expect.poll(() => page.evaluate(countFading)).toBe(0);
  const { violations } = await page.evaluate((rules) => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    // Menus and other popups are outside of landmarks, by the patterns of ARIA; and the header of a dialog is no second one of the
    // page, which is not there for screen readers meanwhile.
    const off = ['region', 'landmark-no-duplicate-banner', 'landmark-unique'];
    const without = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
    const only = rules.length > 0 ? { runOnly: rules } : { rules: without };
    return axe.run({ resultTypes: ['violations'], preload: false, ...only });
  }, rules);
  const findings = violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html) }));
  expect.soft(findings, `${where} in ${colorScheme}`).toEqual([]);
}

/** Returns what moves on the page, or would for longer than a frame: nothing may for those who ask for reduced motion. */
export async function moves(page: Page): Promise<string[]> {
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
  return page.evaluate(() =>
    document.getAnimations().flatMap((animation) => {
      const { effect } = animation;
      const target = effect instanceof KeyframeEffect ? effect.target : null;
      const { activeDuration } = effect?.getComputedTiming() ?? {};
      return Number(activeDuration) > 17 && animation.playState === 'running' ? [target?.outerHTML.slice(0, 200) ?? ''] : [];
    }),
  );
}

/** Returns the number of running transitions and finite animations. */
function countFading(): number {
  return document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity).length;
}

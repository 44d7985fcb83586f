import type { Page } from '@playwright/test';

/**
 * Waits until the canvas has moved to show a node that was just added, which it does in the next frame. What is aimed at
 * before is missed.
 */
export async function nodeShown(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise<void>((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn)))),
  );
}

/** What a screen reader is given to say: the texts of live regions, as they change. */
import type { Page } from '@playwright/test';

interface Said {
  said: string[];
}

/** Listens on all pages that are opened from now on. */
export async function listen(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const live = '[role="status"], [role="alert"], [role="log"], [aria-live="polite"], [aria-live="assertive"]';
    const heard: string[] = [];
    Object.assign(globalThis, { said: heard });
    new MutationObserver((changes) => {
      const regions = new Set<Element>();
      for (const { target, addedNodes } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const silent = element?.closest('[aria-live="off"]');
        const region = silent ? null : element?.closest(live);
        if (region) regions.add(region);
        for (const node of addedNodes) {
          if (node instanceof Element) for (const inner of [node, ...node.querySelectorAll(live)]) if (inner.matches(live)) regions.add(inner);
        }
      }
      for (const region of regions) {
        const text = region.textContent?.trim();
        if (text) heard.push(text);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
}

/** Returns what was said on this page since it was opened. */
export function heard(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as Said).said);
}

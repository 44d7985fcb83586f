/** Notifications of the browser, and who is asked to care for failures. */
import type { Page } from '@playwright/test';
import { single } from '../support/flows.ts';
import { apiOf, firstAdmin, invite, join } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

const FAILS = { type: 'action', action: 'fail', input: { message: 'The ledger is closed' } };

test.describe('while the studio is in the background', () => {
  test.use({ demo: false });

  test('a failure of an own run is notified once, and opened with a click', async ({ page, context, api }) => {
    await context.grantPermissions(['notifications']);
    await recorded(page);
    const flow = await api.createFlow(single('Orders', FAILS));
    await page.goto('/flows');
    await expect(page.getByRole('button', { name: 'Run now: Orders' })).toBeVisible();
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Search for an action, page, flow, agent or execution ID').fill('notifications');
    await page.getByRole('option', { name: 'Turn on notifications' }).click();
    await expect(page.getByText('You are notified of decisions that wait')).toBeVisible();
    await page.getByRole('button', { name: 'Run now: Orders' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
    await expect(page.getByText('Failed', { exact: true }).first()).toBeVisible();
    expect(await shown(page), 'who looks at the page is told nothing').toEqual([]);

    await page.goto('/flows');
    await setHidden(page, true);
    await expect.poll(() => shown(page), { timeout: 60_000 }).toEqual(['A run of Orders has failed']);
    await api.reaches(await api.run(flow), 'failed');

    await page.evaluate(() => (globalThis as unknown as { clickLast: () => void }).clickLast());
    await expect(page).toHaveURL(/\/executions\/[0-9a-f-]{36}$/);
    expect(await shown(page), 'that of somebody else is not told').toHaveLength(1);
  });
});

test.describe('failures of a team', () => {
  test.use({ demo: false, auth: true });

  test('a group is assigned to somebody, who sees it in the navigation until it is given back', async ({
    page,
    browser,
    server,
  }) => {
    await firstAdmin(page, server);
    const api = await apiOf(page, server);
    const link = await invite(page, 'ben@example.org', 'Operator');
    const context = await browser.newContext({ baseURL: server.url });
    const ben = await context.newPage();
    await join(ben, link, 'Ben');
    await api.reaches(await api.run(await api.createFlow(single('Orders', FAILS))), 'failed');

    await page.goto('/failures');
    const group = page.getByRole('row').filter({ hasText: 'The ledger is closed' });
    await group.getByRole('button', { name: /^Manage failures with:/ }).click();
    await page.getByRole('menuitem', { name: 'Ben' }).click();
    await expect(group.getByText('Ben')).toBeVisible();

    await ben.goto('/flows');
    const badge = ben.getByRole('navigation').getByRole('link', { name: /assigned to you/ });
    await expect(badge).toHaveText('1');
    await badge.click();
    await expect(ben).toHaveURL(/mine=true/);
    const own = ben.getByRole('row').filter({ hasText: 'The ledger is closed' });
    await own.getByRole('button', { name: /^Manage failures with:/ }).click();
    await ben.getByRole('menuitem', { name: 'Nobody' }).click();
    await expect(badge).toBeHidden();
    await page.reload();
    await expect(group).toBeVisible();
    await expect(group.getByText('Ben')).toBeHidden();
    await context.close();
  });
});

/** Records the notifications of a page. */
async function recorded(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const all: { text: string; click: () => void }[] = [];
    class Recorded {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      onclick: (() => void) | null = null;
      constructor(text: string) {
        all.push({ text, click: () => this.onclick?.() });
      }
      close() {}
    }
    Object.assign(globalThis, {
      Notification: Recorded,
      shownTexts: () => all.map(({ text }) => text),
      clickLast: () => all.at(-1)?.click(),
    });
  });
}

function shown(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { shownTexts: () => string[] }).shownTexts());
}

async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

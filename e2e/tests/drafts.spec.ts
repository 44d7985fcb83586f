import type { Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { apiOf, firstAdmin, invite, join } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test('unfinished work survives a reload, a crash of the browser and kill -9 of the server', async ({
  page,
  api,
  server,
  complaints,
}) => {
  const flow = await aFlow(api);
  await page.goto(`/flows/${flow}`);
  // With a fault: it cannot be saved as a version.
  await name(page, 'Half');
  await page.getByRole('button', { name: 'Delay', exact: true }).first().dblclick();
  await expect(page.getByText('Draft saved', { exact: true })).toBeVisible();
  await passes(page, 'a draft in the editor');

  await page.goto('/flows');
  const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Drafted' }) });
  await expect(card).toContainText('Unsaved draft');
  await expect(card).toContainText('Somebody changed it');

  await page.goto(`/flows/${flow}`);
  await expect(second(page)).toContainText('Half');
  expect((await api.flow(flow)).version).toBe(1);

  complaints.expect(/Failed to load|ERR_CONNECTION|net::/);
  await server.kill();
  await name(page, 'Half done');
  await expect(page.getByText('Draft saved in this browser')).toBeVisible();
  await page.goto('about:blank');
  await server.restart();
  await page.goto(`/flows/${flow}`);
  await expect(second(page)).toContainText('Half done');
  await expect(page.getByText('Draft saved', { exact: true })).toBeVisible();
});

test('two people who edit a flow choose whose draft is kept', async ({ page, api, context }) => {
  const flow = await aFlow(api);
  const other = await context.newPage();
  await page.goto(`/flows/${flow}`);
  await other.goto(`/flows/${flow}`);
  await name(page, 'Mine');
  await expect(page.getByText('Draft saved', { exact: true })).toBeVisible();

  await name(other, 'Theirs');
  await expect(other.getByRole('alert')).toContainText('changed this draft');
  await passes(other, 'a draft that somebody else has changed');
  await other.getByRole('button', { name: 'Load theirs' }).click();
  await expect(second(other)).toContainText('Mine');
  await name(other, 'Both');
  await expect(other.getByText('Draft saved', { exact: true })).toBeVisible();
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(other.getByText('Saved as version 2')).toBeVisible();

  await page.reload();
  await expect(second(page)).toContainText('Both');
  await expect(page.getByText('Draft saved', { exact: true })).toBeHidden();
});

test.describe('people who sign in', () => {
  test.use({ demo: false, auth: true });

  test('who has a flow open sees who else has it open, until they close it', async ({
    page,
    server,
    browser,
  }) => {
    await firstAdmin(page, server);
    const flow = await aFlow(await apiOf(page, server));
    const link = await invite(page, 'bob.jones@example.org', 'Editor');
    const theirs = await browser.newContext({ reducedMotion: 'reduce' });
    const other = await theirs.newPage();
    await join(other, link, 'Bob');
    await page.goto(`/flows/${flow}`);
    await expect(second(page)).toBeVisible();
    await expect(others(page)).toBeEmpty();

    await other.goto(`/flows/${flow}`);
    await expect(others(other)).toContainText('also editing');
    const tab = await page.context().newPage();
    await tab.goto(`/flows/${flow}`);
    await expect(others(tab)).toContainText('Also open in 2 other tabs');
    await others(tab).hover();
    await expect(tab.getByRole('tooltip')).toContainText('bob.jones@example.org: also editing');
    await expect(tab.getByRole('tooltip')).toContainText('Another tab of yours: also editing');
    await passes(tab, 'an editor in which others are, too');

    // Who comes back to the page asks at once.
    await lookAgain(page);
    await expect(others(page)).toContainText('Also open in 2 other tabs');
    await tab.goto('about:blank');
    await other.goto('about:blank');
    await expect(async () => {
      await lookAgain(page);
      await expect(others(page)).toBeEmpty({ timeout: 500 });
    }).toPass();
  });
});

const others = (page: Page) => page.getByRole('status', { name: 'Who else has this flow open' });

async function lookAgain(page: Page): Promise<void> {
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
}

function aFlow(api: { createFlow(document: unknown): Promise<string> }): Promise<string> {
  const node = { id: 'wait', name: 'Wait', type: 'delay', delay_seconds: 1, position: { x: 260, y: 0 } };
  const start = { id: 'start', name: 'Start', type: 'trigger', position: { x: 0, y: 0 } };
  return api.createFlow({
    name: 'Drafted',
    flow_definition: { nodes: [start, node], edges: [{ from: 'start', to: 'wait' }] },
  });
}

const second = (page: Page) => page.locator('.react-flow__node').nth(1);

/** Gives the second node a name. */
async function name(page: Page, text: string): Promise<void> {
  await second(page).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(text);
}

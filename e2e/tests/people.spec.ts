import { passes } from '../support/accessible.ts';
import { apiOf, firstAdmin, invite, join, PASSWORD } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false, auth: true });

const WAITS = { id: 'wait', name: 'Wait', type: 'delay', delay_seconds: 600 };

test('the first admin invites an operator, who runs and cannot edit, is disabled, and is out at once', async ({
  page,
  server,
  browser,
  complaints,
}) => {
  // What was open when the sign-in ended asks again.
  complaints.expect(/status of 401/);
  await firstAdmin(page, server);
  const api = await apiOf(page, server);
  const flow = await api.createFlow({ name: 'Orders', flow_definition: { nodes: [WAITS], edges: [] } });
  await api.activate(flow);
  const link = await invite(page, 'bob@example.org', 'Operator');

  const theirs = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
  await theirs.goto(link);
  await passes(theirs, 'the page of an invitation');
  await join(theirs, link, 'Bob');
  const reason = 'This needs the role Editor, and yours is Operator. Ask an admin.';
  const create = theirs.getByRole('button', { name: 'New flow' }).first();
  await expect(create).toHaveAccessibleDescription(reason);
  await create.hover();
  await expect(theirs.getByRole('tooltip')).toHaveText(reason);
  await create.press('Enter');
  await expect(theirs.getByRole('dialog')).toBeHidden();
  await theirs.getByRole('button', { name: 'More actions for Orders' }).click();
  await expect(theirs.getByRole('menu')).toContainText(reason);
  await expect(theirs.getByRole('menuitem', { name: 'Delete' })).toHaveCount(0);
  await theirs.keyboard.press('Escape');
  await theirs.getByRole('link', { name: 'Orders' }).click();
  await expect(theirs.getByRole('button', { name: 'Save', exact: true })).toHaveAccessibleDescription(reason);
  await expect(theirs.getByRole('region', { name: 'Problems and warnings' })).toContainText(reason);
  await passes(theirs, 'the editor of somebody who may not edit');
  await theirs.getByRole('button', { name: 'Run', exact: true }).click();
  await theirs.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
  await expect(theirs).toHaveURL(/\/executions\/[0-9a-f-]{36}/);
  await expect(theirs.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Secrets' })).toHaveCount(0);

  await page.goto('/members');
  await passes(page, 'the page of members');
  await page.getByRole('group', { name: 'Actions for Bob' }).getByRole('button', { name: 'Disable' }).click();

  // Within five seconds, with nothing done on the page: its stream has ended.
  await expect(theirs.getByRole('heading', { name: 'Sign in' })).toBeVisible({ timeout: 5_000 });
  await passes(theirs, 'the page to sign in');
  await theirs.getByLabel('E-mail address').fill('bob@example.org');
  await theirs.getByLabel(/^Password/).fill(PASSWORD);
  await theirs.keyboard.press('Enter');
  await expect(theirs.getByRole('alert')).toContainText('The e-mail address or the password is wrong');
});

test('somebody signs out and in again with the keyboard alone, where they were', async ({ page, server, complaints }) => {
  complaints.expect(/status of 401/);
  await firstAdmin(page, server);
  await page.goto('/account');
  await expect(page.getByRole('heading', { name: 'Where you are signed in' })).toBeVisible();
  await passes(page, 'the page of an account');

  await page.getByRole('button', { name: 'Account of Ann' }).focus();
  await page.keyboard.press('Enter');
  // The menu takes the focus when it has opened.
  await expect(async () => {
    await page.keyboard.press('ArrowDown');
    await expect(page.getByRole('menuitem', { name: 'Sign out' })).toBeFocused({ timeout: 200 });
  }).toPass();
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('E-mail address')).toBeFocused();
  await page.keyboard.type('ann@example.org');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeHidden();
  await expect(page).toHaveURL(/\/account$/);
  await expect(page.getByText('This browser')).toBeVisible();
});

test('the pages of the server fit on a phone', async ({ page, server }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await firstAdmin(page, server);
  const api = await apiOf(page, server);
  const headers = { Authorization: 'Bearer ${secrets.A_NAME_THAT_IS_RATHER_LONG_FOR_A_SECRET_1234567890}' };
  const call = { id: 'call', type: 'action', action: 'http_request', input: { url: 'https://a.example', headers } };
  await api.createFlow({ name: 'Orders', flow_definition: { nodes: [call], edges: [] } });

  for (const [address, shows] of [
    ['/secrets', 'Missing'],
    ['/keys', 'sf_live_'],
    ['/audit', 'Create flow'],
    ['/members', 'ann@example.org'],
    ['/account', 'ann@example.org'],
  ] as const) {
    await page.goto(address);
    await expect(page.getByRole('main').getByText(shows).first()).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), address).toBe(390);
    const isInside = await page.getByRole('main').evaluate((main) => main.scrollWidth <= main.clientWidth);
    expect(isInside, address).toBe(true);
    await passes(page, `${address} on a phone`);
  }
});

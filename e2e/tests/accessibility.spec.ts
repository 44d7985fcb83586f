import type { Page } from '@playwright/test';
import { moves, passes } from '../support/accessible.ts';
import type { Api } from '../support/api.ts';
import { expect, test } from '../support/test.ts';

type Role = 'dialog' | 'menu';

/** A page, and a text that it has when it is complete. */
interface Place {
  address: string;
  shows: string;
}

test('the pages of flows and agents pass the accessibility rules in light and dark colours', async ({ page, api }) => {
  const flow = await api.flowNamed('Retries run out');
  for (const place of placesOfFlows(flow)) await checked(page, place);
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByRole('dialog', { name: 'Flow settings' }).getByText('What this means')).toBeVisible();
  await passes(page, 'the settings');
});

test('the pages of executions pass the accessibility rules in light and dark colours', async ({ page, api }) => {
  for (const place of placesOfExecutions(await ended(api))) await checked(page, place);
});

test('the pages of figures pass the accessibility rules in light and dark colours', async ({ page, api }) => {
  await ended(api);
  for (const place of PLACES_OF_FIGURES) await checked(page, place);
});

test('on a phone the pages pass the accessibility rules in light and dark colours', async ({ page, api }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const flow = await api.flowNamed('Retries run out');
  const places = [...placesOfFlows(flow), ...placesOfExecutions(await ended(api)), ...PLACES_OF_FIGURES];
  for (const place of places) await checked(page, place);
});

test('what opens over a page gives the focus back, and does not move for those who ask for that', async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto('/flows');
  const opened: [string, RegExp | string, Role][] = [
    ['a dialog', 'Run now: Retries run out', 'dialog'],
    ['a menu', 'Change colour scheme', 'menu'],
    ['a dialog with a form', 'New flow', 'dialog'],
  ];
  for (const [what, button, role] of opened) {
    const opens = page.getByRole('button', { name: button, exact: true });
    await opens.click();
    await expect(page.getByRole(role)).toBeVisible();
    expect.soft(await moves(page), what).toEqual([]);
    await page.keyboard.press('Escape');
    await expect(page.getByRole(role)).toBeHidden();
    await expect.soft(opens, what).toBeFocused();
    expect.soft(await moves(page), `${what}, closed`).toEqual([]);
  }
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  expect.soft(await moves(page), 'the palette').toEqual([]);
  await context.close();
});

test('at 200 % zoom no page is wider than the window, and nothing moves for those who ask for that', async ({
  browser,
  server,
  api,
}) => {
  const runs = await ended(api);
  const flow = await api.flowNamed('Retries run out');
  // What a window of 1440 × 900 pixels shows at 200 %.
  const window = { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 };
  const context = await browser.newContext({ baseURL: server.url, reducedMotion: 'reduce', ...window });
  const page = await context.newPage();

  for (const place of [...placesOfFlows(flow), ...placesOfExecutions(runs), ...PLACES_OF_FIGURES]) {
    await shown(page, place);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect.soft(wide, `${place.address} is wider than the window by pixels`).toBeLessThanOrEqual(0);
    expect.soft(await moves(page), place.address).toEqual([]);
  }
  await context.close();
});

interface Runs {
  failed: string;
  researched: string;
}

async function ended(api: Api): Promise<Runs> {
  const failed = await api.run(await api.flowNamed('Retries run out'));
  const researched = await api.run(await api.flowNamed('Research agent'), { vendor: 'ACME', order_value: 10 });
  await api.reaches(failed, 'failed');
  await api.reaches(researched, 'completed');
  return { failed, researched };
}

function placesOfFlows(flow: string): Place[] {
  return [
    { address: '/flows', shows: 'Two checks in parallel' },
    { address: '/agents', shows: 'Agents' },
    { address: '/secrets', shows: 'Secrets' },
    { address: '/reference', shows: 'Reference' },
    { address: `/flows/${flow}`, shows: 'Submit the order' },
  ];
}

function placesOfExecutions({ failed, researched }: Runs): Place[] {
  return [
    { address: '/executions', shows: 'Retries run out' },
    { address: `/executions/${failed}`, shows: 'Submit the order' },
    { address: `/executions/${failed}?node=submit`, shows: 'Attempts' },
    { address: `/executions/${researched}?node=research`, shows: 'find_company' },
  ];
}

const PLACES_OF_FIGURES: readonly Place[] = [
  { address: '/approvals', shows: 'order_credit_report' },
  { address: '/failures', shows: 'Failure' },
  { address: '/alerts', shows: 'Alerts' },
  { address: '/audit', shows: 'Audit log' },
  { address: '/analytics', shows: 'Retries run out' },
  { address: '/analytics/costs', shows: 'Research agent' },
];

async function checked(page: Page, place: Place): Promise<void> {
  await shown(page, place);
  await passes(page, place.address);
}

async function shown(page: Page, { address, shows }: Place): Promise<void> {
  await page.goto(address);
  // In a small window, a node is a sheet over the page.
  await expect(page.getByText(shows).filter({ visible: true }).first()).toBeVisible();
}

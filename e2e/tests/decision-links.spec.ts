import type { Browser, Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import type { Api } from '../support/api.ts';
import { expect, test } from '../support/test.ts';

// An example of the demo waits for approval, too.
test.use({ demo: false });

/** Starts a flow that waits for a person; returns its execution. */
async function refund(api: Api): Promise<string> {
  const reason = { type: 'string', title: 'Reason', enum: ['damaged', 'late'] };
  const form = { type: 'object', required: ['reason'], properties: { reason } };
  const input = { order: '${trigger_data.order}', amount: 250 };
  const ask = { id: 'ok', name: 'Refund over the limit', type: 'approval', input, form };
  const flow = await api.createFlow({ name: 'Refunds', flow_definition: { nodes: [ask], edges: [] } });
  return api.run(flow, { order: 'A-7' });
}

/** Opens a link as somebody does who gets it by mail: in a browser that knows nothing of the studio, on a phone. */
async function opened(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

test('a link is copied in the studio, and opened on a phone by two people, of whom one decides', async ({ page, api, server, browser }) => {
  const execution = await refund(api);
  await page.goto('/approvals');
  await page.getByRole('button', { name: 'Copy link' }).click();
  const made = page.getByRole('dialog', { name: 'Copy link' });
  await made.getByLabel('For whom (optional)').fill('ann@example.com');
  await passes(page, 'the form of a link');
  await page.keyboard.press('Enter');
  const link = await made.getByLabel('Link to decide with').inputValue();
  expect(link).toMatch(/\/decide\/[A-Za-z0-9_-]{120,200}$/);
  const url = server.url + new URL(link).pathname;

  const first = await opened(browser, url);
  const second = await opened(browser, url);
  const asked = first.getByRole('article', { name: 'Decide on Refund over the limit of Refunds' });
  for (const shown of ['Refunds', 'A-7', '250', 'made for ann@example.com']) await expect(asked).toContainText(shown);
  expect(await first.getByRole('navigation').count()).toBe(0);
  expect(await first.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await passes(first, 'the page of a link');
  await expect(second.getByRole('button', { name: 'Approve' })).toBeVisible();
  const ofSomebodyElse = await api.link(`${execution}:ok:approval:1`);
  const other = await opened(browser, server.url + new URL(ofSomebodyElse.url).pathname);
  await asked.getByRole('button', { name: 'Approve' }).click();
  await expect(asked.getByText('This is required.')).toBeVisible();
  await asked.getByRole('combobox', { name: 'Reason' }).click();
  await first.getByRole('option', { name: 'late' }).click();
  await asked.getByRole('textbox', { name: /Comment/ }).fill('Seen the photos');
  await asked.getByRole('button', { name: 'Approve' }).click();

  await expect(first.getByText('Your decision is stored.')).toBeVisible();
  await passes(first, 'the page of a link that has decided');
  await api.reaches(execution, 'completed');
  await second.getByRole('button', { name: 'Reject' }).click();
  await expect(second.getByText('This is already decided')).toBeVisible();
  await expect(second.getByText('by ann@example.com (link)')).toBeVisible();
  await other.reload();
  await expect(other.getByText('It was approved at', { exact: false })).toBeVisible();
  expect(await other.getByText(/ann@example\.com|Seen the photos/).count()).toBe(0);
  await first.reload();
  await expect(first.getByText('It says: Seen the photos')).toBeVisible();
  await page.goto(`/executions/${execution}?node=ok`);
  await expect(page.getByText('by ann@example.com (link)').first()).toBeVisible();
});

test('a link that is none, and one of an execution that was cancelled, say so', async ({ api, server, browser, page, complaints }) => {
  complaints.expect(/status of 404/);
  const execution = await refund(api);
  await page.goto(`/decide/${'A'.repeat(120)}`);
  await expect(page.getByText('This link is not valid')).toBeVisible();
  await passes(page, 'the page of a link that is none');
  const { url } = await api.link(`${execution}:ok:approval:1`);
  const asked = await opened(browser, server.url + new URL(url).pathname);
  await expect(asked.getByRole('button', { name: 'Approve' })).toBeVisible();

  await api.cancel(execution);
  await asked.reload();

  await expect(asked.getByText('No decision is needed any more')).toBeVisible();
});

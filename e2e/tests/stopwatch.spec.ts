/** How many actions and how much time a new user needs; docs/guides/studio.md has the figures. */
import type { Locator, Page } from '@playwright/test';
import { startPeer } from '../support/peer.ts';
import { startProvider } from '../support/provider.ts';
import { Stopwatch } from '../support/stopwatch.ts';
import { expect, test } from '../support/test.ts';

const VENDOR = { type: 'object', properties: { vendor: { type: 'string' } }, required: ['vendor'] };

test('the first retry is seen within three actions', async ({ page }) => {
  await page.goto('/flows');
  const watch = new Stopwatch(page);

  await watch.click(page.getByRole('button', { name: 'Run now: Transient failure recovers' }));
  await watch.click(page.getByRole('dialog').getByRole('button', { name: 'Run now' }));
  await expect(page.getByText('failed. Retrying in')).toBeVisible();

  watch.report('the first retry');
  expect(watch.actions).toBeLessThanOrEqual(3);
});

test('an own flow is built, fails, is fixed and retried within 14 actions and a minute', async ({ page, api }) => {
  const peer = await startPeer([{ status: 404, body: 'no such page' }, { status: 200, body: { ok: true } }]);
  await page.goto('/flows');
  const watch = new Stopwatch(page);
  await watch.click(page.getByRole('button', { name: 'New flow' }));
  await watch.fill(page.getByLabel('Name'), 'Orders');
  await watch.press('Enter');
  await watch.click(page.getByRole('button', { name: 'HTTP request', exact: true }));
  await watch.fill(page.getByRole('textbox', { name: 'URL' }), `${peer.url}order`);
  await watch.click(page.getByRole('button', { name: 'Save and run' }));
  await watch.click(page.getByRole('dialog').getByRole('button', { name: 'Run now' }));
  await expect(page.getByText('Failed', { exact: true }).first()).toBeVisible();

  await watch.click(page.getByRole('main').getByRole('link', { name: 'Orders' }));
  await watch.click(nodeOf(page, 'HTTP request'));
  await watch.fill(page.getByRole('textbox', { name: 'URL' }), `${peer.url}orders`);
  await watch.press('Control+s');
  await expect(page.getByText('Saved as version')).toBeVisible();
  await watch.back();
  await watch.click(page.getByRole('main').getByRole('button', { name: 'Retry', exact: true }));
  await watch.click(page.getByRole('dialog').getByRole('button', { name: 'Retry', exact: true }));

  await expect(page.getByText('Completed', { exact: true }).first()).toBeVisible();
  watch.report('an own flow that failed and was retried');
  expect(watch.actions).toBeLessThanOrEqual(14);
  expect(watch.seconds).toBeLessThanOrEqual(60);
  expect(await api.executionsOf(await api.flowNamed('Orders'))).toHaveLength(2);
  peer.close();
});

test('a request, a condition, an agent and a merge are built with tested data within three minutes', async ({
  page,
  api,
}) => {
  const provider = await startProvider();
  const peer = await startPeer([{ status: 200, body: { vendor: 'ACME', risk: 82 } }]);
  await api.createAgentOf({
    name: 'Analyst',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: provider.url, model: 'small' },
    skills: [{ name: 'rate', instructions: 'Rate ${input.vendor}.', input_schema: VENDOR }],
  });
  await page.goto('/flows');
  const watch = new Stopwatch(page);
  const details = page.getByRole('complementary', { name: 'Details' });

  await watch.click(page.getByRole('button', { name: 'New flow' }));
  await watch.fill(page.getByLabel('Name'), 'Vendors');
  await watch.press('Enter');
  await watch.click(page.getByRole('button', { name: 'HTTP request', exact: true }));
  await watch.fill(page.getByRole('textbox', { name: 'URL' }), peer.url);
  await watch.click(details.getByRole('button', { name: 'Test', exact: true }));
  await expect(details.getByRole('region', { name: 'Output', exact: true })).toContainText('82');

  await watch.click(page.getByRole('button', { name: 'Condition', exact: true }));
  await watch.fill(details.getByRole('combobox', { name: 'Expression' }), 'http_request.body.risk > 70');
  await expect(details.getByRole('status')).toContainText('true');
  await watch.click(page.getByRole('button', { name: 'Agent', exact: true }));
  await watch.click(details.getByRole('combobox', { name: 'Agent' }));
  await watch.click(page.getByRole('option', { name: 'Analyst' }));
  await watch.fill(details.getByLabel('vendor'), '${http_request.body.vendor}');
  await watch.click(details.getByRole('button', { name: 'Test', exact: true }));
  await expect(details.getByRole('region', { name: 'Output', exact: true })).toContainText('risk');
  await watch.click(page.getByRole('button', { name: 'Merge', exact: true }));
  await watch.click(details.getByRole('button', { name: 'Close', exact: true }));
  const view = page.locator('.react-flow__viewport');
  const before = await view.getAttribute('style');
  await watch.click(page.getByRole('button', { name: 'Fit to view' }));
  // The view moves when it is drawn next; what is dragged before that is the canvas.
  await expect(view).not.toHaveAttribute('style', before ?? '');
  await watch.drag(
    nodeOf(page, 'Condition').locator('[data-handleid="false"]'),
    nodeOf(page, 'Merge').locator('.react-flow__handle-left'),
  );
  await expect(page.locator('.react-flow__edge')).toHaveCount(5);
  await watch.click(page.getByRole('button', { name: 'Save', exact: true }));
  await expect(page.getByText('Saved as version')).toBeVisible();

  watch.report('a flow of four nodes with tested data');
  expect(watch.seconds).toBeLessThanOrEqual(180);
  peer.close();
  provider.close();
});

function nodeOf(page: Page, name: string): Locator {
  return page.locator('.react-flow__node').filter({ hasText: name });
}

import type { Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

test('a node is tested with pinned inputs, which are kept, beside the canvas and on a phone', async ({ page, api }) => {
  const flow = await api.flowNamed('Two checks in parallel');
  await api.reaches(await api.run(flow, { vendor: 'ACME', risk: 82 }), 'completed');
  const before = await api.executionsOf(flow);
  await page.goto(`/flows/${flow}`);
  await nodeOf(page, 'Reject').click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('button', { name: 'Show the input' }).click();
  await expect(nodeOf(page, 'Reject')).toBeInViewport({ ratio: 0.99 });
  const source = details.getByRole('region', { name: 'Output of Check finances' });
  await expect(source.getByRole('treeitem', { name: 'vendor "ACME"' })).toBeVisible();

  await source.getByRole('button', { name: 'Edit Output of Check finances' }).click();
  await pin(page, '{"name": "Umbrella"}');
  await details.getByRole('button', { name: 'Test', exact: true }).click();
  const failed = details.getByRole('group', { name: 'Failed' });
  await expect(failed).toContainText('`finances` has no field `vendor`; it has `name`');
  await passes(page, 'a failed test beside the canvas');
  await pin(page, '{"vendor": "Umbrella"}');
  await details.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(details.getByRole('region', { name: 'Output', exact: true })).toContainText('Umbrella');
  await expect(source).toContainText('Pinned by hand');

  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await nodeOf(page, 'Reject').focus();
  await page.keyboard.press('Enter');
  const sheet = page.getByRole('dialog', { name: 'Reject' });
  await sheet.getByRole('tab', { name: 'Input' }).click();
  await expect(sheet.getByRole('treeitem', { name: 'vendor "Umbrella"' })).toBeVisible();
  await passes(page, 'the input of a node on a phone');
  await sheet.getByRole('button', { name: 'Back to the canvas' }).click();
  await expect(sheet).toBeHidden();
  expect(await api.executionsOf(flow)).toHaveLength(before.length);
});

test('what leads to a node is tested in order with retries, and stops at the node that fails', async ({ page, api }) => {
  const peer = await startPeer([
    { status: 503, body: 'busy' },
    { status: 200, body: { vendor: 'ACME', risk: 82 } },
  ]);
  const retry = { enabled: true, count: 2, initial_interval_seconds: 60 };
  const node = (id: string, at: number, rest: object) => ({ id, name: id, position: { x: at * 220, y: 0 }, ...rest });
  const flow = await api.createFlow({
    name: 'Chain',
    flow_definition: {
      nodes: [
        node('Fetch', 0, { type: 'action', action: 'http_request', input: { url: peer.url }, retry }),
        node('Check', 1, { type: 'condition', condition: 'Fetch.body.risk > 70' }),
        node('Low', 2, { type: 'action', action: 'echo', input: {} }),
        node('Report', 3, { type: 'action', action: 'transform', input: { text: '${Fetch.body.nam}' } }),
      ],
      edges: [
        { from: 'Fetch', to: 'Check' },
        { from: 'Check', to: 'Low', condition: false },
        { from: 'Low', to: 'Report' },
        { from: 'Check', to: 'Report', condition: true },
      ],
    },
  });
  await page.goto(`/flows/${flow}`);
  await nodeOf(page, 'Report').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
  await page.keyboard.press('u');
  const bar = page.getByRole('region', { name: 'Test of several nodes' });
  await expect(bar).toContainText('Fetch failed on attempt 1 of 3. Retrying in');
  await passes(page, 'a test that waits for its retry');
  await bar.getByRole('button', { name: 'Retry now' }).click();

  await expect(bar).toContainText('Stopped: Report failed');
  await expect(nodeOf(page, 'Fetch')).toContainText('Test succeeded');
  await expect(nodeOf(page, 'Low')).toContainText('Skipped in the test');
  await expect(nodeOf(page, 'Report')).toContainText('Test failed');
  await bar.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByRole('group', { name: 'Failed' })).toContainText('has no field `nam`; it has `vendor`, `risk`');
  expect(peer.keys).toHaveLength(2);
  peer.close();
});

function nodeOf(page: Page, name: string) {
  return page.locator('.react-flow__node').filter({ has: page.getByText(name, { exact: true }) });
}

/** Replaces the pinned value. */
async function pin(page: Page, json: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Output of Check finances' });
  await field.fill(json);
  await expect(field).toHaveText(json);
}

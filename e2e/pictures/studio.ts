import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import type { Api } from '../support/api.ts';
import { expect, test } from '../support/test.ts';

const IMAGES = resolve(import.meta.dirname, '../../docs/images');
const SIZES = [
  { suffix: '', width: 1440, height: 900 },
  { suffix: '-narrow', width: 390, height: 844 },
];

test('flows', async ({ page, api }) => {
  await busyServer(api);
  await page.goto('/flows');
  await expect(page.getByText('100%').first()).toBeVisible();

  await picture(page, 'flows');
});

test('editor', async ({ page, api }) => {
  const flow = await api.flowNamed('Failure handled by an error edge');
  await page.goto(`/flows/${flow}`);
  await expect(page.getByText('No problems')).toBeVisible();

  await picture(page, 'editor', async () => {
    // To the left, so that the inspector does not cover it.
    await page.mouse.move(800, 250);
    await page.mouse.down();
    await page.mouse.move(600, 250, { steps: 4 });
    await page.mouse.up();
    await page.locator('.react-flow__node').filter({ hasText: 'Get live data' }).click();
  });
});

test('monitor', async ({ page, api }) => {
  const id = await api.createFlow({
    name: 'Vendor review',
    timeout_seconds: 120,
    flow_definition: {
      nodes: [
        { id: 'start', name: 'New vendor', type: 'trigger', position: { x: 0, y: 80 } },
        { id: 'ledger', name: 'Read the ledger', type: 'action', action: 'echo', position: { x: 240, y: 0 } },
        {
          id: 'risk',
          name: 'Fetch the risk',
          type: 'action',
          action: 'http_request',
          input: { url: 'http://127.0.0.1:9/' },
          retry: { enabled: true, count: 5, initial_interval_seconds: 1 },
          position: { x: 240, y: 160 },
        },
        { id: 'join', name: 'Join', type: 'merge', position: { x: 480, y: 80 } },
        { id: 'report', name: 'Write the report', type: 'action', action: 'transform', position: { x: 720, y: 80 } },
      ],
      edges: [
        { from: 'start', to: 'ledger' },
        { from: 'start', to: 'risk' },
        { from: 'ledger', to: 'join' },
        { from: 'risk', to: 'join' },
        { from: 'join', to: 'report' },
      ],
    },
  });
  const execution = await api.run(id, { vendor: 'ACME' });
  await page.goto(`/executions/${execution}`);
  await expect(page.getByRole('option', { name: 'Fetch the risk Retrying, 4 attempts' })).toBeVisible({ timeout: 20_000 });

  await picture(page, 'monitor');
});

test('conversation', async ({ page, api }) => {
  const flow = await api.flowNamed('Research agent');
  const execution = await api.run(flow, { vendor: 'Acme Robotics', order_value: 4_800 });
  await api.reaches(execution, 'completed');
  await page.goto(`/executions/${execution}?node=research`);
  await expect(page.getByText('Company register, HRB 20417')).toBeAttached();

  await picture(page, 'conversation');
});

/** Runs flows, so that the cards have a history to show. */
async function busyServer(api: Api): Promise<void> {
  for (const name of ['Two checks in parallel', 'Failure handled by an error edge', 'Transient failure recovers']) {
    const flow = await api.flowNamed(name);
    const executions = await Promise.all(Array.from({ length: 6 }, () => api.run(flow, { vendor: 'ACME', risk: 82 })));
    for (const execution of executions) await api.reaches(execution, 'completed');
  }
}

async function picture(page: Page, name: string, prepareWide?: () => Promise<void>): Promise<void> {
  for (const { suffix, width, height } of SIZES) {
    await page.setViewportSize({ width, height });
    if (suffix === '') await prepareWide?.();
    else if (prepareWide) await page.reload();
    await page.evaluate(() => document.fonts.ready);
    await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
    await page.screenshot({ path: `${IMAGES}/${name}${suffix}.png` });
  }
}

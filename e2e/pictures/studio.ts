import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import type { Api } from '../support/api.ts';
import { expect, test } from '../support/test.ts';

const IMAGES = resolve(import.meta.dirname, '../../docs/images');

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

type Theme = 'light' | 'dark';

test.beforeEach(async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem('steadflow.tour', 'over'));
});

test('flows', async ({ page, api }) => {
  await busyServer(api);
  await page.goto('/flows');
  await expect(page.getByText('100%').first()).toBeVisible();

  await pictures(page, 'flows');
  await picture(page, 'flows-dark', WIDE, 'dark');
  await page.setViewportSize(WIDE);
  await page.getByRole('button', { name: 'New flow' }).click();
  await page.getByRole('tab', { name: 'Template' }).click();
  await expect(page.getByRole('radio', { name: /^Saga/ })).toBeVisible();
  await picture(page, 'templates', WIDE);
});

test('editor', async ({ page, api }) => {
  const flow = await api.flowNamed('Failure handled by an error edge');
  await page.goto(`/flows/${flow}`);
  await expect(page.getByText('No problems')).toBeVisible();
  await page.locator('.react-flow__node').filter({ hasText: 'Get live data' }).click();

  await picture(page, 'editor', WIDE);
  await picture(page, 'editor-dark', WIDE, 'dark');
  await page.setViewportSize(NARROW);
  await page.reload();
  await expect(page.getByText('No problems')).toBeVisible();
  await picture(page, 'editor-narrow', NARROW);
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

  await pictures(page, 'monitor');
  await picture(page, 'monitor-dark', WIDE, 'dark');
});

test('conversation', async ({ page, api }) => {
  const flow = await api.flowNamed('Research agent');
  const execution = await api.run(flow, { vendor: 'Acme Robotics', order_value: 4_800 });
  await api.reaches(execution, 'completed');
  await page.goto(`/executions/${execution}?node=research`);
  await expect(page.getByText('Company register, HRB 20417')).toBeAttached();

  await pictures(page, 'conversation');
});

test('lists and reports', async ({ page, api }) => {
  await busyServer(api);
  const shown = [
    { name: 'executions', address: '/executions', says: 'Retries run out' },
    { name: 'approvals', address: '/approvals', says: 'order_credit_report' },
    { name: 'failures', address: '/failures', says: 'Retries run out' },
    { name: 'alerts', address: '/alerts', says: 'No alerts yet' },
    { name: 'analytics', address: '/analytics', says: 'Two checks in parallel' },
    { name: 'costs', address: '/analytics/costs', says: 'By model' },
    { name: 'agents', address: '/agents', says: 'Ticket classifier' },
    { name: 'secrets', address: '/secrets', says: 'Secrets' },
    { name: 'audit', address: '/audit', says: 'Audit log' },
    { name: 'reference', address: '/reference?operation=create_flow', says: 'edit_flows' },
  ];
  for (const { name, address, says } of shown) {
    await page.goto(address);
    await expect(page.getByRole('main').getByText(says).first()).toBeVisible();
    await picture(page, name, WIDE);
    if (['executions', 'failures', 'reference'].includes(name)) await picture(page, `${name}-narrow`, NARROW);
  }
});

/** Runs flows, so that the cards have a history to show. */
async function busyServer(api: Api): Promise<void> {
  for (const name of ['Two checks in parallel', 'Failure handled by an error edge', 'Transient failure recovers']) {
    const flow = await api.flowNamed(name);
    const executions = await Promise.all(Array.from({ length: 6 }, () => api.run(flow, { vendor: 'ACME', risk: 82 })));
    for (const execution of executions) await api.reaches(execution, 'completed');
  }
}

/** The page wide and narrow, in light colours. */
async function pictures(page: Page, name: string): Promise<void> {
  await picture(page, name, WIDE);
  await picture(page, `${name}-narrow`, NARROW);
}

async function picture(page: Page, name: string, size: typeof WIDE, theme: Theme = 'light'): Promise<void> {
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate(() => document.fonts.ready);
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
  const shot = await page.screenshot();
  await writeFile(`${IMAGES}/${name}.webp`, await asWebp(page, shot));
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Has the browser write a picture as WebP, which is a fifth as long: all pictures together stay below two megabytes. */
async function asWebp(page: Page, png: Buffer): Promise<Buffer> {
  const blank = await page.context().newPage();
  const url = await blank.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext('2d')?.drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.85);
  }, `data:image/png;base64,${png.toString('base64')}`);
  await blank.close();
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

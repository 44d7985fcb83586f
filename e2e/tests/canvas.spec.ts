import type { Locator, Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

const FLOW = {
  name: 'Vendor check',
  flow_definition: {
    nodes: [
      { id: 'start', type: 'trigger', position: { x: 0, y: 0 } },
      { id: 'fetch', name: 'Fetch the vendor', type: 'action', action: 'echo', input: {}, position: { x: 260, y: 0 } },
      { id: 'report', name: 'Report', type: 'action', action: 'echo', input: {}, position: { x: 520, y: 0 } },
      { id: 'pause', name: 'Wait a little', type: 'delay', delay_seconds: 1, position: { x: 260, y: 160 } },
    ],
    edges: [
      { from: 'start', to: 'fetch' },
      { from: 'fetch', to: 'report' },
    ],
  },
};

test('a flow is changed by keys, menus, and nodes dropped on edges', async ({ page, api, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/flows/${await api.createFlow(FLOW)}`);
  await expect(page.getByText('No problems')).toBeVisible();

  await page.keyboard.press('g');
  await page.keyboard.type('rep');
  await page.keyboard.press('Enter');
  await expect(nodeOf(page, 'Report')).toBeFocused();
  await page.keyboard.press('Shift+F10');
  await expect(page.getByRole('menuitem', { name: 'Add the next node…' })).toBeFocused();
  await passes(page, 'the menu of a node');
  await page.keyboard.press('Enter');
  await page.keyboard.type('transf');
  await page.keyboard.press('Enter');
  await expect(nodeOf(page, 'Transform')).toBeFocused();
  await page.keyboard.press('Escape');

  const from = await boxOf(page, 'Fetch the vendor');
  const to = await boxOf(page, 'Report');
  const loose = await boxOf(page, 'Wait a little');
  await page.mouse.move(loose.x + 90, loose.y + 30);
  await page.mouse.down();
  await page.mouse.move((from.x + from.width + to.x) / 2, from.y + from.height / 2, { steps: 4 });
  await expect(page.locator('[data-aimed]')).toHaveCount(1);
  await page.mouse.up();
  await expect(edgeOf(page, 'fetch to pause')).toBeAttached();
  await expect(edgeOf(page, 'pause to report')).toBeAttached();
  expect((await boxOf(page, 'Report')).x).toBeGreaterThan((await boxOf(page, 'Wait a little')).x + 176);

  await page.keyboard.press('b');
  await expect(page.getByRole('heading', { name: '3 nodes' })).toBeVisible();
  await nodeOf(page, 'Wait a little').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Copy as JSON' }).click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+v');
  await expect(edgeOf(page, 'pause_2 to report_2')).toBeAttached();

  await page.keyboard.press('Control+k');
  await page.keyboard.type('undo');
  await expect(page.getByRole('option', { name: /^Undo/, selected: true })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(edgeOf(page, 'pause_2 to report_2')).toHaveCount(0);
});

test('two versions are compared on the canvas, at an address of its own', async ({ page, api }) => {
  const flow = await api.createFlow(FLOW);
  await page.goto(`/flows/${flow}`);
  await expect(page.getByText('No problems')).toBeVisible();
  await nodeOf(page, 'Wait a little').click();
  await page.keyboard.press('Delete');
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2')).toBeVisible();

  await page.getByRole('button', { name: 'Versions' }).click();
  await page.getByRole('button', { name: /^Version 2/ }).click();
  await page.getByRole('link', { name: 'Compare on the canvas' }).click();
  await expect(page).toHaveURL(/compare=1-2/);
  await page.reload();
  const compared = page.getByRole('dialog', { name: 'Compare versions of Vendor check' });
  await expect(compared.getByRole('group', { name: 'Wait a little, delay, removed' })).toBeVisible();
  await expect(compared.getByRole('group', { name: 'Report, action', exact: true })).toBeVisible();
  await compared.getByRole('button', { name: 'Wait a little' }).click();
  await passes(page, 'two versions');
});

function nodeOf(page: Page, name: string): Locator {
  return page.locator('.react-flow__node').filter({ hasText: name });
}

function edgeOf(page: Page, name: string): Locator {
  return page.getByRole('group', { name, exact: true });
}

async function boxOf(page: Page, name: string) {
  const box = await nodeOf(page, name).boundingBox();
  if (!box) throw new Error(`${name} is not visible.`);
  return box;
}

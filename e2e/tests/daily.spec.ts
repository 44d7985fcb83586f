import type { Locator } from '@playwright/test';
import { expect, test } from '../support/test.ts';

test('the run form of an example knows the types of its fields', async ({ page, api }) => {
  const flow = await api.flowNamed('Two checks in parallel');
  await page.goto(`/flows/${flow}`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: /^Run flow/ });
  await expect(dialog.getByLabel('vendor', { exact: true })).toHaveValue('ACME');

  await dialog.getByLabel('risk', { exact: true }).fill('82');
  await expect(dialog.getByLabel('Type of risk')).toHaveValue('number');
  await dialog.getByRole('button', { name: 'Run now' }).click();

  await expect(page.getByRole('option', { name: /^Reject Completed/ })).toBeVisible();
  await expect(page.getByRole('option', { name: /^Accept Skipped/ })).toBeVisible();
});

test('numbers typed into the run form keep their digits', async ({ page, api }) => {
  const echo = { id: 'back', type: 'action', action: 'echo', input: '${trigger_data}' };
  const check = { id: 'check', type: 'condition', condition: 'trigger_data.price > 1 and trigger_data.id > 0' };
  const nodes = [echo, check];
  const flow = await api.createFlow({ name: 'Exact', status: 'active', flow_definition: { nodes, edges: [] } });
  await page.goto(`/flows/${flow}?run=true`);
  const dialog = page.getByRole('dialog', { name: /^Run flow/ });
  await dialog.getByLabel('price', { exact: true }).fill('19.90');
  await dialog.getByLabel('id', { exact: true }).fill('1234567890123456789');
  const sent = page.waitForRequest((request) => request.url().endsWith('/execute'));
  await dialog.getByRole('button', { name: 'Run now' }).click();

  const body = (await sent).postData() ?? '';

  expect(body).toContain('"price":19.90');
  expect(body).toContain('"id":1234567890123456789');
  await expect(page).toHaveURL(/\/executions\//);
});

for (const width of [1440, 390]) {
  test(`at ${width} px every page scrolls in one place, and none sideways`, async ({ page, api }) => {
    const flow = await api.flowNamed('Retries run out');
    const failed = await api.run(flow);
    await api.reaches(failed, 'failed');
    await page.setViewportSize({ width, height: 900 });
    const pages = {
      '/flows': 'Two checks in parallel',
      '/flows?view=table': 'Two checks in parallel',
      [`/flows/${flow}`]: 'Submit the order',
      '/executions': 'Retries run out',
      [`/executions/${failed}`]: 'Submit the order',
      [`/executions/${failed}?node=submit`]: 'Attempts',
      [`/executions/${failed}?tab=data`]: 'Trigger data',
      [`/executions/${failed}?tab=events`]: 'Submit the order',
      '/failures': 'Retries run out',
      '/analytics': 'Retries run out',
      '/agents': 'Agents',
    };

    for (const [address, shows] of Object.entries(pages)) {
      await page.goto(address);
      await expect(page.getByRole('main').getByText(shows).first()).toBeVisible();
      await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
      // The page itself never scrolls: `main` does, where there is more than fits.
      await expect.poll(() => page.evaluate(scrolls), address).toEqual({ body: false, sideways: 0 });
    }
  });
}

test('the timeline of few nodes has no scroll bar', async ({ page, api }) => {
  const execution = await api.run(await api.flowNamed('Timeout stops a slow call'));
  await page.goto(`/executions/${execution}`);
  await expect(page.getByRole('option', { name: /^Call a slow service/ })).toBeVisible();

  const overflowing = () => {
    const parts = [...document.querySelectorAll<HTMLElement>('main *')];
    const scrolls = (part: HTMLElement) => ['auto', 'scroll'].includes(getComputedStyle(part).overflowY);
    return parts.filter((part) => scrolls(part) && part.scrollHeight > part.clientHeight).map((part) => part.className);
  };

  await expect.poll(() => page.evaluate(overflowing)).toEqual([]);
});

test('the palette finds flows on the server, and opens or runs them', async ({ page, api }) => {
  await api.createFlow({
    name: 'Quarterly closing',
    status: 'active',
    flow_definition: { nodes: [{ id: 'a', type: 'action', action: 'echo', input: {} }], edges: [] },
  });
  await page.goto('/executions');
  await expect(page.getByRole('heading', { name: 'Executions' })).toBeVisible();
  await page.keyboard.press('Control+k');
  const search = page.getByPlaceholder('Search for an action, page, flow, agent or execution ID');
  const asked = page.waitForRequest((request) => request.url().includes('q=quarterly'));
  await search.pressSequentially('quarterly');
  await asked;

  const found = page.getByRole('option', { name: /^Run Quarterly closing/ });
  await expect(found).toBeVisible();
  await expect(page.getByRole('option', { name: /^Executions of Quarterly closing/ })).toBeVisible();
  await found.click();

  await expect(page.getByRole('dialog', { name: /^Run flow Quarterly closing/ })).toBeVisible();
});

test('what waits for a person is counted in the navigation and filtered', async ({ page, api }) => {
  const waiting = await api.run(await api.flowNamed('Decision instead of failure'));
  await page.goto('/executions');
  const badge = page.getByRole('link', { name: '1 execution waits for a person' });
  await expect(badge).toBeVisible({ timeout: 30_000 });

  await badge.click();

  await expect(page).toHaveURL(/waiting=true/);
  await expect(page.getByRole('button', { name: 'Waiting for a person' })).toHaveAttribute('aria-pressed', 'true');
  const rows = page.getByRole('table').getByRole('row');
  await expect(rows).toHaveCount(2);
  await expect(rows.last().getByRole('link')).toHaveAttribute('href', new RegExp(waiting));
});

test('the graph can be enlarged, and its height is remembered', async ({ page, api }) => {
  const execution = await api.run(await api.flowNamed('Two checks in parallel'), { vendor: 'ACME', risk: 1 });
  await api.reaches(execution, 'completed');
  await page.goto(`/executions/${execution}`);
  const handle = page.getByRole('separator', { name: 'Height of the graph' });
  await expect(handle).toHaveAttribute('aria-valuenow', '320');

  await handle.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.reload();
  await expect(handle).toHaveAttribute('aria-valuenow', '400');

  const enlarge = page.getByRole('button', { name: 'Enlarge the graph' });
  await enlarge.click();
  const large = page.getByRole('dialog', { name: 'Two checks in parallel' });
  await expect(large.getByText('Too risky?')).toBeVisible();
  await expect.poll(async () => (await boxOf(large.locator('.react-flow'))).width).toBe(1440);
  await page.keyboard.press('Escape');
  await expect(large).toBeHidden();
  await expect(enlarge).toBeFocused();
});

test('a node that is dropped where the inspector opens is moved into view', async ({ page, api }) => {
  await page.goto(`/flows/${await api.flowNamed('Durable delay')}`);
  const canvas = page.getByLabel('Flow canvas');
  const entry = page.getByRole('button', { name: 'Transform', exact: true });
  // The canvas has its final width once the palette is there.
  await expect(entry).toBeVisible();
  const { width, height } = await boxOf(canvas);

  await entry.dragTo(canvas, { targetPosition: { x: width - 120, y: height - 80 } });

  const node = page.locator('.react-flow__node.selected');
  await expect(node).toContainText('Transform');
  const inspector = page.locator('[data-inspector]');
  await expect(inspector).toBeVisible();
  await expect.poll(async () => (await rightOf(node)) <= (await boxOf(inspector)).x).toBe(true);
  await expect(node).toBeInViewport({ ratio: 0.99 });
});

test('the dialog of a retry starts with what the banner advises', async ({ page, api }) => {
  const call = { id: 'call', type: 'action', action: 'http_request', input: { url: 'http://127.0.0.1:9/' } };
  const flow = await api.createFlow({ name: 'Down', status: 'active', flow_definition: { nodes: [call], edges: [] } });
  const failed = await api.run(flow);
  await api.reaches(failed, 'failed');
  await page.goto(`/executions/${failed}`);
  await expect(page.getByText(/retry from the failed node/)).toBeVisible();

  await page.getByRole('button', { name: 'Retry', exact: true }).click();

  await expect(page.getByRole('radio', { name: /^From the failed node/ })).toBeChecked();
});

test('a group of failures has the real message, and says what became of it', async ({ page, api }) => {
  const fail = { id: 'book', type: 'action', action: 'fail', input: { message: 'Invoice ${trigger_data.id} is closed' } };
  const flow = await api.createFlow({ name: 'Books', status: 'active', flow_definition: { nodes: [fail], edges: [] } });
  for (const id of [4711, 4712]) await api.reaches(await api.run(flow, { id }), 'failed');

  await page.goto('/failures');

  const group = page.getByRole('row').filter({ hasText: 'Books' });
  await expect(group.getByRole('link')).toHaveText('Invoice 4712 is closed');
  await expect(group).toContainText('2 open');
});

/** Returns whether the page itself scrolls, and how far it or its content do so sideways. */
function scrolls(): { body: boolean; sideways: number } {
  const { documentElement: root } = document;
  const main = document.querySelector('main') as HTMLElement;
  return {
    body: root.scrollHeight > root.clientHeight,
    sideways: Math.max(root.scrollWidth - root.clientWidth, main.scrollWidth - main.clientWidth),
  };
}

async function boxOf(part: Locator): Promise<{ x: number; width: number; height: number }> {
  const box = await part.boundingBox();
  if (!box) throw new Error('It is not visible.');
  return box;
}

async function rightOf(part: Locator): Promise<number> {
  const { x, width } = await boxOf(part);
  return x + width;
}

import type { Api } from '../support/api.ts';
import { single } from '../support/flows.ts';
import { expect, test } from '../support/test.ts';

const neverWorks = {
  name: 'Never works',
  flow_definition: {
    nodes: [{ id: 'book', type: 'action', action: 'fail', input: { message: 'The ledger is closed' } }],
    edges: [],
  },
};

/** Runs a flow that fails; returns its executions. */
async function failing(api: Api, times: number, settings = {}): Promise<{ flow: string; failed: string[] }> {
  const flow = await api.createFlow({ ...neverWorks, ...settings });
  const failed = await Promise.all(Array.from({ length: times }, () => api.run(flow)));
  for (const execution of failed) await api.reaches(execution, 'failed');
  return { flow, failed };
}

test('failures of one kind are retried together and followed until all have finished', async ({ page, api }) => {
  const { flow, failed } = await failing(api, 3);

  await page.goto('/failures');
  const group = page.getByRole('row').filter({ hasText: 'The ledger is closed' });
  await expect(group.getByRole('cell').nth(2)).toHaveText('3 executions');
  await group.getByRole('button', { name: /^Retry/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry these executions' });
  await dialog.getByRole('radio', { name: 'From the start' }).click();
  await expect(dialog.getByText('3 executions will be retried, each as a new run.')).toBeVisible();
  expect(await api.executionsOf(flow)).toHaveLength(3);

  await dialog.getByRole('button', { name: 'Retry 3 executions' }).click();
  await expect(dialog.getByText('3 executions retried.')).toBeVisible();
  await expect(dialog.getByText('All 3 finished')).toBeVisible();
  await expect(dialog.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '3');
  await expect(dialog.getByText('3 failed again')).toBeVisible();
  const all = await api.executionsOf(flow);
  expect(all.flatMap(({ retry_of }) => retry_of ?? []).sort()).toEqual(failed.sort());
  await dialog.getByRole('list', { name: 'New executions' }).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/executions\/[0-9a-f-]{36}$/);
});

test('a bulk retry shows the progress of the new executions while they back off', async ({ page, api }) => {
  const [book] = neverWorks.flow_definition.nodes;
  // A backoff that lasts until the test ends it.
  const retry = { enabled: true, count: 1, initial_interval_seconds: 600 };
  const flow = await api.createFlow({ ...neverWorks, flow_definition: { nodes: [{ ...book, retry }], edges: [] } });
  const failed = await Promise.all([api.run(flow), api.run(flow)]);
  for (const execution of failed) {
    await api.retryNow(execution, 'book');
    await api.reaches(execution, 'failed');
  }

  await page.goto('/failures');
  await page.getByRole('row').filter({ hasText: 'The ledger is closed' }).getByRole('button', { name: /^Retry/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry these executions' });
  await dialog.getByRole('button', { name: 'Retry 2 executions' }).click();

  await expect(dialog.getByText('0 of 2 finished')).toBeVisible();
  await expect(dialog.getByText('2 of them retrying')).toBeVisible();
  const retries = (await api.executionsOf(flow)).filter(({ retry_of }) => retry_of !== null);
  for (const { id } of retries) await api.retryNow(id, 'book');
  await expect(dialog.getByText('All 2 finished')).toBeVisible();
  await expect(dialog.getByText('2 failed again')).toBeVisible();
});

test('executions that were already retried are skipped and link to their retry', async ({ page, api }) => {
  await failing(api, 2);
  await page.goto('/failures');
  const open = () => page.getByRole('row').filter({ hasText: 'The ledger is closed' }).getByRole('button', { name: /^Retry/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry these executions' });
  await open();
  await dialog.getByRole('button', { name: 'Retry 2 executions' }).click();
  await expect(dialog.getByText('All 2 finished')).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).last().click();

  await open();
  await expect(dialog.getByText('2 × Already retried.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Retry 2 executions' }).click();
  await dialog.getByText('Show skipped executions').click();

  await expect(dialog.getByText('retried as')).toHaveCount(2);
});

test('a group shows when its executions failed, and updates live', async ({ page, api }) => {
  const { flow } = await failing(api, 2);
  await page.goto('/failures');
  const group = page.getByRole('row').filter({ hasText: 'The ledger is closed' });
  const counts = group.getByRole('img');
  await expect(counts).toHaveAccessibleName(/^Per minute since .*: at most [12], on .*; in the last minute [012]\.$/);

  await api.reaches(await api.run(flow), 'failed');

  await expect(group.getByRole('cell').nth(2)).toHaveText('3 executions');
  await expect(counts).toHaveAccessibleName(/^Per minute since .*: at most [123], on .*; in the last minute [0123]\.$/);
});

test.describe('without the examples, which fail at times of their own', () => {
  test.use({ demo: false });

  test('groups are sorted, and the URL keeps the order', async ({ page, api }) => {
    await failing(api, 2);
    const late = single('Late', { type: 'action', action: 'fail', input: { message: 'The archive is closed' } });
    await api.reaches(await api.run(await api.createFlow(late)), 'failed');
    await page.goto('/failures');
    const rows = page.getByRole('row').filter({ has: page.getByRole('img') });
    await expect(rows.first()).toContainText('The ledger is closed');

    await page.getByRole('button', { name: 'Last seen' }).click();

    await expect(rows.first()).toContainText('The archive is closed');
    await expect(page).toHaveURL(/sort=last/);
    await expect(page.getByRole('columnheader', { name: 'Last seen' })).toHaveAttribute('aria-sort', 'descending');
  });

  test('the chart of retry analytics can be read with the keyboard', async ({ page, api }) => {
    await failing(api, 2);
    await page.goto('/analytics');
    const chart = page.getByRole('group', { name: /^Bar chart of finished executions per hour/ });

    const bar = chart.getByRole('status');
    await chart.focus();
    await expect(bar).not.toBeEmpty();
    // The last hour may have begun after they failed.
    if ((await bar.textContent())?.includes('Nothing finished')) await page.keyboard.press('ArrowLeft');

    await expect(bar).toContainText('Failed2');
    await page.keyboard.press('ArrowLeft');
    await expect(bar).toContainText('Nothing finished');
  });
});

test('on a phone failures and analytics do not scroll sideways', async ({ page, api }) => {
  await failing(api, 1);
  await api.reaches(await api.run(await api.flowNamed('Retries run out')), 'failed');
  await page.setViewportSize({ width: 390, height: 844 });

  for (const address of ['/failures', '/analytics']) {
    await page.goto(address);
    await expect(page.getByRole('table').first()).toBeVisible();
    const sideways = () =>
      [...document.querySelectorAll('main, main *')]
        // The numbers of the chart scroll by themselves, once they are unfolded.
        .filter((element) => element.checkVisibility())
        .filter((element) => element.scrollWidth > element.clientWidth && getComputedStyle(element).overflowX === 'auto')
        .map((element) => element.className);
    await expect.poll(() => page.evaluate(sideways), address).toEqual([]);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), address).toBe(390);
  }
  await page.goto('/failures');
  const retry = page.getByRole('button', { name: /^Retry executions that failed with: The ledger/ });
  await retry.scrollIntoViewIfNeeded();
  await expect(retry).toBeInViewport({ ratio: 0.99 });
});

import { single } from '../support/flows.ts';
import { startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

test('a backoff is counted down live, and then the execution completes', async ({ page, api }) => {
  const answers = [
    { status: 503, body: { error: 'not ready yet' } },
    { status: 503, body: { error: 'not ready yet' } },
    { status: 200, body: { vendor: 'ACME' } },
  ] as const;
  const peer = await startPeer(answers, [2]);
  // Backoffs of 1 and 8 s: each text below is shown for at least 4 s.
  const retry = { enabled: true, count: 3, initial_interval_seconds: 1, backoff_coefficient: 8 };
  await api.createFlow(single('Vendor', { type: 'action', action: 'http_request', input: { url: peer.url }, retry }));
  await page.goto('/flows');
  await page.getByRole('button', { name: 'Run now: Vendor' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();

  await expect(page.getByRole('option', { name: 'only Running, 2 attempts' })).toBeVisible();
  peer.release(2);
  const note = page.getByRole('status').filter({ hasText: 'Retrying in' });
  await expect(note).toContainText('(Will retry 2 more times)');
  await expect(note).toContainText(/only failed\. Retrying in [5-8] s/);
  await expect(note).toContainText(/only failed\. Retrying in [1-4] s/);

  await expect(page.getByRole('option', { name: 'only Completed, 3 attempts' })).toBeVisible();
  await expect(page.getByText('Recovered', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Retry', exact: true })).toHaveCount(0);
  peer.close();
});

test('the journal grows live and says who did what', async ({ page, api }) => {
  const id = await api.run(await api.createFlow(single('Slow', { type: 'delay', delay_seconds: 600 })));
  await page.goto(`/executions/${id}`);
  await page.getByRole('tab', { name: 'Events' }).click();
  const lines = page.getByRole('tabpanel', { name: 'Events' }).getByRole('listitem');
  await expect(lines).toContainText(['Accepted by a user', 'Started', 'Waiting']);

  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(lines.last()).toContainText('Paused by a user');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Cancel execution' }).click();
  await expect(lines).toContainText(['Accepted', 'Started', 'Waiting', 'Paused', 'Execution cancelled by a user']);

  await page.reload();
  await expect(lines).toHaveCount(5);
});

test('a failed execution shows why it failed and is retried from the failed node', async ({ page, server, api }) => {
  const failed = await api.run(await api.flowNamed('Retries run out'));
  await page.goto(`/executions/${failed}`);

  const why = page.getByRole('region', { name: 'Why it failed' });
  await expect(why).toContainText('Node Submit the order (submit) failed after 3 attempts:');
  const { host } = new URL(server.url);
  for (const attempt of [1, 2, 3]) {
    const message = `Attempt ${attempt}: HTTP 503 Service Unavailable from ${host}: down for maintenance`;
    await expect(why).toContainText(message);
  }

  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry this execution' });
  await dialog.getByRole('radio', { name: /From the failed node/ }).click();
  await expect(dialog.getByText('2 to run · 1 reused')).toBeVisible();
  await dialog.getByRole('button', { name: 'Retry', exact: true }).click();

  await expect(page).not.toHaveURL(new RegExp(failed));
  await expect(page).toHaveURL(/\/executions\/[0-9a-f-]{36}/);
  await expect(page.getByRole('option', { name: /^Prepare the order Completed/ })).toContainText('Reused');

  await page.getByTitle(failed).click();
  await expect(page).toHaveURL(new RegExp(failed));
  await expect(page.getByText('Retried by')).toBeVisible();
});

/** The main stories, as somebody goes through them who hears the page: by the keyboard, by names, roles and what is announced. */
import { single } from '../support/flows.ts';
import { heard, listen } from '../support/heard.ts';
import { startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

test('a failed run is found, understood and retried', async ({ page, api }) => {
  const failed = await api.run(await api.flowNamed('Retries run out'));
  await api.reaches(failed, 'failed');
  await listen(page);
  await page.goto('/executions');
  await expect(page.getByRole('heading', { level: 1, name: 'Executions' })).toBeVisible();
  const row = page.getByRole('table', { name: 'Executions' }).getByRole('row').nth(1);
  await expect(row).toHaveAccessibleName(/Failed Retries run out .* Submit the order: HTTP 503/);

  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveTitle(/Retries run out/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveAccessibleName(/Retries run out/);
  await expect(page.getByRole('region', { name: 'Why it failed' })).toContainText('failed after 3 attempts');
  await expect(page.getByRole('listbox', { name: /^Timeline of \d nodes$/ })).toMatchAriaSnapshot(`
    - listbox:
      - option /Prepare the order Completed, 1 attempt/
      - option /Submit the order Failed, 3 attempts/
  `);

  const retry = page.getByRole('main').getByRole('button', { name: 'Retry', exact: true });
  await retry.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: /^Retry/ });
  await expect(dialog).toBeVisible();
  await expect(dialog.locator(':focus')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(retry).toBeFocused();
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Retry', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(new RegExp(failed));
  await expect.poll(() => heard(page)).toContain('Retries run out: Failed');
});

test('the end of a run is announced once', async ({ page, api }) => {
  const peer = await startPeer([{ status: 200, body: {} }], [1]);
  const request = { type: 'action', action: 'http_request', input: { url: peer.url } };
  const execution = await api.run(await api.createFlow(single('Orders', request)));
  await listen(page);
  await page.goto(`/executions/${execution}`);
  await expect(page.getByRole('option', { name: /Running, 1 attempt$/ })).toBeVisible();

  peer.release(1);
  await expect(page.getByRole('option', { name: /Completed, 1 attempt$/ })).toBeVisible();

  await expect.poll(async () => (await heard(page)).filter((text) => text === 'Orders: Completed')).toHaveLength(1);
  await page.reload();
  await expect(page.getByRole('option', { name: /Completed, 1 attempt$/ })).toBeVisible();
  expect(await heard(page), 'what was so before is no news').not.toContain('Orders: Completed');
  peer.close();
});

test('a flow is built: nodes have names and what they are, and a new one takes the focus', async ({ page, api }) => {
  const flow = await api.createFlow(single('Orders', { name: 'Look up', type: 'action', action: 'echo', input: {} }));
  await listen(page);
  await page.goto(`/flows/${flow}`);
  const node = page.getByRole('group', { name: 'Look up, action' });
  await expect(node).toBeVisible();

  await node.focus();
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toBeVisible();
  await page.keyboard.press('Escape');
  await node.focus();
  await page.keyboard.press('a');
  const search = page.getByRole('combobox', { name: /node/i });
  await expect(search).toBeFocused();
  await page.keyboard.type('HTTP request');
  await page.keyboard.press('Enter');

  await expect(page.getByRole('group', { name: 'HTTP request, action, 1 problem' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(details.getByRole('textbox', { name: 'URL' })).toBeVisible();
  await expect.poll(() => heard(page)).toContainEqual(expect.stringMatching(/problem/));
});

test('a field that is wrong says so', async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  await page.goto('/alerts');
  await page.getByRole('button', { name: 'New alert' }).first().click();
  const form = page.getByRole('dialog', { name: 'New alert' });
  await form.getByLabel('Name').fill('On call');
  const to = form.getByRole('textbox', { name: 'To', exact: true });
  await to.fill('nobody');
  await form.getByRole('button', { name: 'Save' }).click();

  await expect(to).toHaveAttribute('aria-invalid', 'true');
  await expect(to).toHaveAccessibleDescription(/address/);
});

import { passes } from '../support/accessible.ts';
import { startPeer } from '../support/peer.ts';
import { apiOf, firstAdmin } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false, auth: true });

const VALUE = 'canary-8f2a61c4';

test('a missing secret is set from where it is missing, used, and never shown', async ({ page, server }) => {
  const peer = await startPeer([{ status: 200, body: { ok: true } }]);
  const host = new URL(peer.url).host;
  await firstAdmin(page, server);
  const api = await apiOf(page, server);
  const input = { url: peer.url, headers: { Authorization: 'Bearer ${secrets.VENDOR_KEY}' } };
  const call = { id: 'call', name: 'Call the vendor', type: 'action', action: 'http_request', input };
  const flow = await api.createFlow({ name: 'Vendor review', flow_definition: { nodes: [call], edges: [] } });
  await api.activate(flow);
  const answers: Promise<string>[] = [];
  page.on('response', (response) => {
    const isOfApi = response.url().includes('/api/v1/') && !response.headers()['content-type']?.includes('event-stream');
    if (isOfApi) answers.push(response.text().catch(() => ''));
  });

  await page.goto(`/flows/${flow}`);
  await page.getByRole('link', { name: 'Set VENDOR_KEY' }).click();
  const form = page.getByRole('dialog', { name: 'Set VENDOR_KEY' });
  await expect(form.getByLabel('Value')).toBeFocused();
  await page.keyboard.insertText(`${VALUE}\n`);
  await expect(form.getByText(/ends with a blank or a line break/)).toBeVisible();
  await form.getByRole('button', { name: 'Remove them' }).click();
  await form.getByRole('combobox', { name: 'Sent to these hosts only' }).fill(host);
  await passes(page, 'the form of a secret');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form).toBeHidden();

  const row = page.getByRole('row', { name: /VENDOR_KEY/ });
  for (const text of ['Stored', host, 'Vendor review', 'ann@example.org']) await expect(row).toContainText(text);
  await passes(page, 'the page of secrets');
  await api.reaches(await api.run(flow), 'completed');
  expect(peer.headers.at(-1)?.authorization).toBe(`Bearer ${VALUE}`);
  await page.reload();
  await expect(row).toBeVisible();
  await page.getByRole('button', { name: 'Set value of VENDOR_KEY' }).click();
  await expect(form.getByLabel('Value')).toHaveValue('');
  await page.keyboard.press('Escape');
  const said = (await Promise.all(answers)).join('\n');
  expect(said).toContain('VENDOR_KEY');
  expect(said + (await page.content())).not.toContain(VALUE);

  await row.getByRole('button', { name: 'Delete VENDOR_KEY' }).click();
  const asked = page.getByRole('dialog', { name: 'Delete secret' });
  await expect(asked).toContainText('1 use, which will fail:');
  await expect(asked.getByRole('link', { name: 'Vendor review' })).toBeVisible();
  await passes(page, 'the question before a secret is deleted');
  await asked.getByRole('button', { name: 'Delete secret' }).click();
  await expect(row).toContainText('Missing');
  await api.reaches(await api.run(flow), 'failed');
  peer.close();
});

test('a secret is added, and what cannot be one is explained', async ({ page, server, complaints }) => {
  complaints.expect(/status of 400/);
  await firstAdmin(page, server);
  await page.goto('/secrets');
  // Other tests may have given the server secrets in its environment.
  await expect(page.getByText(/^(No secrets yet|Environment)/).first()).toBeVisible();
  await passes(page, 'the page of secrets before one is stored');

  await page.getByRole('button', { name: 'Add secret' }).first().focus();
  await page.keyboard.press('Enter');
  const form = page.getByRole('dialog', { name: 'Add a secret' });
  await expect(form.getByLabel('Name')).toBeFocused();
  await page.keyboard.type('A-B');
  await expect(form.getByText(/Use letters, digits and/)).toBeVisible();
  await form.getByLabel('Name').fill('HOOK');
  await page.keyboard.press('Tab');
  await page.keyboard.type(VALUE);
  await form.getByRole('combobox', { name: 'Sent to these hosts only' }).fill('https://a.example/x');
  await form.getByRole('button', { name: 'Save' }).press('Enter');
  await expect(form.getByText(/This is not a host/)).toBeVisible();
  await form.getByRole('combobox', { name: 'Sent to these hosts only' }).press('Backspace');
  await form.getByRole('button', { name: 'Save' }).press('Enter');

  await expect(page.getByRole('row', { name: /HOOK/ })).toContainText('No host');
});

import { passes } from '../support/accessible.ts';
import { startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

// The server of a test has the variables of the test's process.
process.env.STEADFLOW_SECRET_ALERTS = 'whsec_YSBrZXkgb2YgbW9yZSB0aGFuIDE2IGJ5dGVz';

const FAILING = {
  name: 'Orders',
  flow_definition: {
    nodes: [{ id: 'f', name: 'Fail', type: 'action', action: 'fail', input: { message: 'no stock' } }],
    edges: [],
  },
};

test('an alert is made, tried, tells a failure once, and is switched off', async ({ page, api }) => {
  const peer = await startPeer([{ status: 200, body: {} }]);
  const flow = await api.createFlow(FAILING);

  await page.goto('/alerts');
  await page.getByRole('button', { name: 'New alert' }).first().click();
  const form = page.getByRole('dialog', { name: 'New alert' });
  await form.getByLabel('Name').fill('On call');
  await form.getByRole('combobox', { name: 'By' }).click();
  await page.getByRole('option', { name: 'Webhook' }).click();
  await form.getByLabel('URL').fill(peer.url);
  await form.getByLabel('Secret of the signature').fill('${secrets.ALERTS}');
  await passes(page, 'the page of alerts');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form).toBeHidden();
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await expect(page.getByText('The test message was sent.')).toBeVisible();
  expect(peer.keys).toHaveLength(1);

  for (let run = 0; run < 3; run += 1) await api.reaches(await api.run(flow), 'failed');
  await expect(page.getByText(/^Sent/)).toBeVisible();
  await passes(page, 'the page of alerts');
  expect(peer.keys).toHaveLength(2);

  await page.getByRole('button', { name: 'Edit: On call' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit alert' });
  await edit.getByLabel('On', { exact: true }).click();
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Off', { exact: true })).toBeVisible();
  await api.reaches(await api.run(await api.createFlow({ ...FAILING, name: 'Other orders' })), 'failed');
  await page.reload();
  await expect(page.getByText('Off', { exact: true })).toBeVisible();
  expect(peer.keys).toHaveLength(2);
  peer.close();
});

test('an alert that cannot be made says why, and keeps what was filled in', async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  await page.goto('/alerts');
  await page.getByRole('button', { name: 'New alert' }).first().click();
  const form = page.getByRole('dialog', { name: 'New alert' });
  await form.getByLabel('Name').fill('On call');
  await form.getByRole('textbox', { name: 'To', exact: true }).fill('nobody');
  await form.getByRole('button', { name: 'Save' }).click();

  await expect(form.getByText(/address/).last()).toBeVisible();
  await expect(form.getByRole('textbox', { name: 'To', exact: true })).toHaveValue('nobody');
});

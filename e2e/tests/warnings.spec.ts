import { expect, test } from '../support/test.ts';

test('warnings are shown in the list, at the node and at the field, and stop neither saving nor running', async ({
  page,
  api,
}) => {
  const call = { id: 'call', name: 'Call the vendor', type: 'action', action: 'http_request' };
  const input = { url: 'http://127.0.0.1:9/', headers: { Authorization: 'Bearer ${secrets.VENDOR_KEY}' } };
  const echo = { id: 'note', name: 'Note', type: 'action', action: 'echo', input: {} };
  const flow = await api.createFlow({
    name: 'Vendor review',
    status: 'active',
    flow_definition: {
      nodes: [
        { ...call, input, retry: { enabled: true, count: 0 } },
        { ...echo, agenticConfig: { model: 'x' } },
      ],
      edges: [],
    },
  });
  await page.goto(`/flows/${flow}`);
  const strip = page.getByRole('region', { name: 'Problems and warnings' });
  await expect(strip.getByRole('status')).toHaveText('No problems, 3 warnings');

  // The list leads to the node, with the keyboard as well.
  const secret = strip.getByRole('button', { name: /^Warning: Call the vendor · input\.headers\.Authorization/ });
  await secret.focus();
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Details' });
  const headers = details.getByRole('group', { name: 'Headers' }).first();
  await expect(headers).toHaveAccessibleDescription(/Warning: there is no secret VENDOR_KEY/);
  await expect(details.getByText('retries are on, but their count is 0')).toBeVisible();
  await expect(page.getByRole('group', { name: 'Call the vendor, action, 2 warnings' })).toBeVisible();

  await page.getByRole('group', { name: 'Note, action, 1 warning' }).click();
  await expect(details.getByText('agenticConfig is kept, but a node of this kind does not read it')).toBeVisible();

  await details.getByLabel('Name', { exact: true }).fill('Note it');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version 2, with 3 warnings')).toBeVisible();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: /^Run flow/ });
  await expect(dialog.getByText('3 warnings')).toBeVisible();
  await expect(dialog.getByText('Note it: agenticConfig is kept')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Run now' })).toBeFocused();
  await page.keyboard.press('Enter');

  await expect(page.getByRole('region', { name: 'Why it failed' })).toContainText('There is no secret');
});

test('the run form has the focus in its first field', async ({ page, api }) => {
  await page.goto(`/flows/${await api.flowNamed('Two checks in parallel')}`);

  await page.getByRole('button', { name: 'Run', exact: true }).click();

  const dialog = page.getByRole('dialog', { name: /^Run flow/ });
  await expect(dialog.getByRole('textbox').first()).toBeFocused();
});

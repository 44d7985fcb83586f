import { passes } from '../support/accessible.ts';
import { startOauthProvider } from '../support/oauth.ts';
import { apiOf, firstAdmin } from '../support/people.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false, auth: true });

test('a secret is connected at a real provider, and a flow uses its token', async ({ page, server }) => {
  const provider = await startOauthProvider(`${server.url}/oauth/callback`);
  await firstAdmin(page, server);
  const api = await apiOf(page, server);
  await page.goto('/secrets?set=CRM');
  const form = page.getByRole('dialog', { name: 'Set CRM' });
  await form.getByText('OAuth2', { exact: true }).click();
  await form.getByRole('radio', { name: 'Authorization code' }).check();
  await form.getByRole('textbox', { name: 'Token URL', exact: true }).fill(`${provider.url}/token`);
  await form.getByRole('textbox', { name: 'Authorization URL', exact: true }).fill(`${provider.url}/auth`);
  await form.getByRole('textbox', { name: 'Client ID', exact: true }).fill('studio');
  await form.getByRole('textbox', { name: 'Client secret' }).fill('canary-client-secret');
  await form.getByRole('combobox', { name: 'Client authentication' }).click();
  await page.getByRole('option', { name: /^Post/ }).click();
  await form.getByRole('combobox', { name: 'Scopes' }).fill('openid offline_access read ');
  await form.getByText('More settings').click();
  await form.getByRole('textbox', { name: 'Issuer', exact: true }).fill(provider.url);
  await form.getByRole('combobox', { name: 'Sent to these hosts only' }).fill('127.0.0.1');
  await passes(page, 'the form of an OAuth2 secret');
  await form.getByRole('button', { name: 'Save' }).click();

  const row = page.getByRole('row', { name: /CRM/ });
  await expect(row).toContainText('Not connected');
  await expect(row).toContainText(`${server.url}/oauth/callback`);
  await row.getByRole('button', { name: 'Connect CRM' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'CRM is connected' })).toBeVisible();
  await expect(row).toContainText('The token expires');
  await passes(page, 'the page of secrets after one was connected');

  const input = { url: `${provider.url}/resource`, headers: { Authorization: 'Bearer ${secrets.CRM}' } };
  const call = { id: 'call', name: 'Call', type: 'action', action: 'http_request', input };
  const flow = await api.createFlow({ name: 'CRM', flow_definition: { nodes: [call], edges: [] } });
  await api.activate(flow);
  await api.reaches(await api.run(flow), 'completed');
  provider.close();
});

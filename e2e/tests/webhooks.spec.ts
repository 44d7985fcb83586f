import { createHmac } from 'node:crypto';
import { expect, test } from '../support/test.ts';

// The server of a test has the variables of the test's process.
const SECRET = 'the-secret-of-the-browser-test';
process.env.STEADFLOW_SECRET_ORDERS = SECRET;

const ORDER = JSON.stringify({ order: 17 });

/** Calls a webhook as GitHub does; returns the status. */
async function call(address: string, id: string, secret = SECRET): Promise<number> {
  const signature = createHmac('sha256', secret).update(ORDER).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature-256': `sha256=${signature}`,
    'x-github-delivery': id,
  };
  return (await fetch(address, { method: 'POST', headers, body: ORDER })).status;
}

test('the form of a trigger has the address of its webhook, and says what became of its calls', async ({
  page,
  api,
  server,
}) => {
  const webhook = { path: 'orders', scheme: 'github', secret: '${secrets.ORDERS}' };
  const flow = await api.createFlow({
    name: 'Orders',
    flow_definition: { nodes: [{ id: 'start', name: 'Order', type: 'trigger', webhook }], edges: [] },
  });

  await page.goto(`/flows/${flow}`);
  await page.locator('.react-flow__node').filter({ hasText: 'Order' }).click();
  const state = page.getByRole('region', { name: 'Address' });
  await expect(state).toContainText(`${server.url}/hooks/orders`);
  await expect(state).toContainText('Calls are accepted when the flow is active.');
  await expect(state).toContainText('Secret ORDERSset');
  await expect(state).toContainText('None since the server was started.');

  await api.activate(flow);
  expect(await call(`${server.url}/hooks/orders`, 'one')).toBe(201);
  expect(await call(`${server.url}/hooks/orders`, 'one')).toBe(201);
  expect(await call(`${server.url}/hooks/orders`, 'two', 'a-secret-of-somebody-else')).toBe(401);
  await page.reload();
  await page.locator('.react-flow__node').filter({ hasText: 'Order' }).click();
  const calls = state.getByRole('list', { name: 'Last calls' }).getByRole('listitem');
  await expect(calls).toHaveText([/Refused: wrong signature/, /Repeated/, /Started/]);
  await calls.last().getByRole('link', { name: 'Open execution' }).click();

  await expect(page).toHaveURL(/\/executions\//);
  await expect(page.getByText('Webhook · v1')).toBeVisible();
  const executions = await api.executionsOf(flow);
  expect(executions.map(({ status }) => status)).toEqual(['completed']);
});

test('a path that is edited in the form is where the webhook is called from then on', async ({ page, api, server }) => {
  const webhook = { path: 'orders', scheme: 'github', secret: '${secrets.ORDERS}' };
  const flow = await api.createFlow({
    name: 'Orders',
    flow_definition: { nodes: [{ id: 'start', name: 'Order', type: 'trigger', webhook }], edges: [] },
  });
  await api.activate(flow);

  await page.goto(`/flows/${flow}`);
  await page.locator('.react-flow__node').filter({ hasText: 'Order' }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('textbox', { name: /^Path/ }).fill('orders/new');
  await expect(page.getByRole('region', { name: 'Address' })).toContainText(`${server.url}/hooks/orders/new`);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version')).toBeVisible();

  expect(await call(`${server.url}/hooks/orders/new`, 'one')).toBe(201);
  expect(await call(`${server.url}/hooks/orders`, 'two')).toBe(404);
});

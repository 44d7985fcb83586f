import { startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

test('a page survives a crash of its server during a backoff and shows how the execution continued', async ({
  page,
  server,
  api,
  complaints,
}) => {
  const answers = [
    { status: 503, body: { error: 'not ready yet' } },
    { status: 200, body: { vendor: 'ACME' } },
  ] as const;
  const peer = await startPeer(answers, [1]);
  complaints.expect(/net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/);
  const flow = await api.createFlow({
    name: 'Survivor',
    flow_definition: {
      nodes: [
        {
          id: 'fetch',
          name: 'Fetch',
          type: 'action',
          action: 'http_request',
          input: { url: peer.url },
          retry: { enabled: true, count: 2, initial_interval_seconds: 10 },
        },
      ],
      edges: [],
    },
  });
  const execution = await api.run(flow);
  await page.goto(`/executions/${execution}`);
  await expect(page.getByRole('option', { name: 'Fetch Running, 1 attempt' })).toBeVisible();
  // Everything on the page must have been fetched before the server dies.
  await expect(page.getByRole('region', { name: /^Graph of the flow/ }).getByText('Fetch')).toBeVisible();
  peer.release(1);
  await expect(page.getByRole('option', { name: 'Fetch Retrying, 1 attempt' })).toBeVisible();

  await server.kill();
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  await server.restart();

  await expect(page.getByText('The server cannot be reached')).toBeHidden();
  await expect(page.getByRole('option', { name: 'Fetch Completed, 2 attempts' })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('Recovered', { exact: true })).toBeVisible();
  expect(peer.keys).toEqual([`${execution}:fetch`, `${execution}:fetch`]);
  peer.close();
});

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

test('in the demo, the engine is killed from the page in the middle of an agent, and no token is bought twice', async ({
  page,
  api,
  complaints,
}) => {
  complaints.expect(/net::ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/);
  const execution = await api.run(await api.flowNamed('Research agent'), { vendor: 'Globex', order_value: 900 });
  await page.goto(`/executions/${execution}?node=research`);
  const conversation = page.getByRole('list', { name: 'Conversation of attempt 1' });
  await expect(conversation.getByText('days can be 90 at most')).toBeVisible();

  await page.getByRole('button', { name: 'Kill engine' }).click();

  await expect(page.getByRole('main').getByText('Recovered', { exact: true })).toBeVisible();
  const note = page.getByRole('status').filter({ hasText: 'The server stopped during this run' });
  await expect(note).toContainText(/[12] model answers? and [23] tool results were kept: 0 tokens bought twice\./);
  await expect(page.getByRole('button', { name: 'Kill engine' })).toBeHidden();
});

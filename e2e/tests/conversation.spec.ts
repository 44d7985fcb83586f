import type { Locator } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { startPeer } from '../support/peer.ts';
import { startSpeaker } from '../support/speaker.ts';
import { expect, test } from '../support/test.ts';

/** Would run or load something if it were interpreted as markup. */
const MARKUP = '<img src="x" onerror="hacked=1"><script>hacked=1</script> [link](javascript:hacked=1) **bold**';

test('the conversation with an agent has what was asked, answered and called', async ({ page, api }) => {
  const flow = await api.flowNamed('Research agent');
  const execution = await api.run(flow, { vendor: 'Globex <b>Ltd</b>', order_value: 900 });

  await page.goto(`/executions/${execution}?node=research`);
  const conversation = page.getByRole('list', { name: 'Conversation of attempt 1' });
  const entries = conversation.locator('> li');
  await expect(entries.nth(0)).toContainText('Find out who Globex <b>Ltd</b> is');
  await expect(entries.nth(0)).toContainText('the tools of the skill: find_company, search_news');
  await expect(entries.nth(1)).toContainText('{"vendor":"Globex <b>Ltd</b>","order_value":900}');

  await expect(entries).toHaveCount(5);
  const [first, second, third] = [entries.nth(2), entries.nth(3), entries.nth(4)];
  await expect(first).toContainText('demo-researcher');
  await expect(first).toContainText('438 in, 71 out');
  await first.getByText('Thinking').click();
  await expect(first).toContainText('so I ask for both at once');
  const tools = first.getByRole('list', { name: 'Tool calls' }).getByRole('listitem');
  await expect(tools).toHaveCount(2);
  await expect(tools.nth(0)).toContainText('find_company');
  await expect(tools.nth(0)).toContainText('HRB 20417');
  await expect(tools.nth(1)).toContainText('{"query":"Globex <b>Ltd</b>","days":365}');
  await expect(tools.nth(1)).toContainText('days can be 90 at most');
  await expect(second).toContainText('The search takes at most 90 days. I search those.');
  await expect(second).toContainText('loses its largest customer');
  await expect(third).toContainText('Turn 3');
  await expect(third).toContainText('Company register, HRB 20417');
  await expect(page.getByText('3 of 6 turns · 203 of 4,000 output tokens')).toBeVisible();
});

test('a conversation is followed live through a refused response and a crash, and all that a model says is text', async ({
  page,
  server,
  api,
  complaints,
}) => {
  complaints.expect(/net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/);
  const asks = { name: 'look', arguments: JSON.stringify({ markup: MARKUP, odd: 'a\u202Eb' }) };
  const call = { content: MARKUP, reasoning_content: MARKUP, tool_calls: [{ id: 'x', type: 'function', function: asks }] };
  const says = (message: object, finish_reason = 'stop') => ({
    status: 200,
    body: { choices: [{ message: { role: 'assistant', ...message }, finish_reason }] },
  });
  const found = { status: 200, body: { markup: MARKUP, long: 'x'.repeat(100_000) } };
  const done = says({ content: JSON.stringify({ report: MARKUP }) });
  // The model is refused once, asks for a tool, gets its result, and is killed while it answers.
  const peer = await startPeer([says({ content: MARKUP }), says(call, 'tool_calls'), found, done], [4]);
  const agent = await api.createAgentOf({
    name: 'Clerk',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: peer.url, model: 'small' },
    skills: [
      {
        name: 'file',
        instructions: `Say ${MARKUP} to \${input.vendor}.`,
        output_schema: { type: 'object', required: ['report'] },
        tools: [{ name: 'look', type: 'http_request', description: 'Looks it up.', request: { url: peer.url } }],
      },
    ],
  });
  const retry = { enabled: true, count: 3, initial_interval_seconds: 1 };
  const node = { id: 'clerk', type: 'agent', agent_id: agent, skill: 'file', input: { vendor: MARKUP }, retry };
  const flow = await api.createFlow({ name: 'Filing', flow_definition: { nodes: [node], edges: [] } });
  const execution = await api.run(flow);

  await page.goto(`/executions/${execution}?node=clerk`);
  const attempts = [1, 2, 3].map((attempt) => page.getByRole('list', { name: `Conversation of attempt ${attempt}` }));
  const [first, second, third] = attempts as [Locator, Locator, Locator];
  // The result of the tool is there, so what is waited for is the turn after it.
  await expect(second.getByRole('button', { name: 'Show all' })).toBeVisible({ timeout: 30_000 });
  await expect(second.getByText('Waiting for a response since')).toBeVisible();
  // Everything on the page must have been fetched before the server dies.
  await expect(page.getByRole('region', { name: /^Graph of the flow/ }).getByText('clerk')).toBeVisible();
  await server.kill();
  await server.restart();
  await expect(third).toContainText('asked again', { timeout: 30_000 });

  await expect(first).toContainText(`Say ${MARKUP} to ${MARKUP}.`);
  await expect(first).toContainText('Response refused');
  await expect(first.getByText(MARKUP, { exact: true })).toBeVisible();
  await expect(first).toContainText('The next question tells the model what did not fit. Asked again in attempt 2.');
  await expect(second).toContainText('Interrupted No result is stored. Asked again in attempt 3.');
  await second.getByText('Thinking').click();
  await expect(second.getByText(MARKUP)).toHaveCount(2);
  await expect(second).toContainText('a\\u202eb');
  await second.getByRole('button', { name: 'Show all' }).click();
  await expect(second).toContainText('"long"');
  await expect(third).toContainText(JSON.stringify({ report: MARKUP }));
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
  await expect(page.locator('img[src="x"], a[href^="javascript"]')).toHaveCount(0);
  expect(peer.keys.map((key) => key.split(':').slice(2).join(':'))).toEqual([
    'turn:1',
    'turn:1',
    'tool:1:0',
    'turn:2',
    'turn:2',
  ]);
  peer.close();
});

test('what a model writes is shown while it writes it, once, over a reload and a crash', async ({
  page,
  server,
  api,
  complaints,
}) => {
  complaints.expect(/net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/);
  const model = await startSpeaker();
  const agent = await api.createAgentOf({
    name: 'Teller',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: model.url, model: 'small' },
    skills: [{ name: 'tell', instructions: 'Tell me.' }],
  });
  const retry = { enabled: true, count: 3, initial_interval_seconds: 1 };
  const node = { id: 'teller', type: 'agent', agent_id: agent, skill: 'tell', retry };
  const flow = await api.createFlow({ name: 'Telling', flow_definition: { nodes: [node], edges: [] } });
  const execution = await api.run(flow);
  await model.asked(1);

  await page.goto(`/executions/${execution}?node=teller`);
  const [first, second] = [1, 2].map((attempt) =>
    page.getByRole('list', { name: `Conversation of attempt ${attempt}` }),
  ) as [Locator, Locator];
  const written = page.getByRole('group', { name: 'Written so far' });
  await expect(first.getByText('Waiting for a response since')).toBeVisible();
  model.say({ reasoning_content: 'Let me <b>see</b>.' });
  await expect(first.getByRole('group', { name: 'Thinking' })).toHaveText('Let me <b>see</b>.');
  model.say({ content: 'Es grü' });
  await expect(written).toHaveText('Es grü');
  await expect(first.getByText('Writing, asked at')).toBeVisible();
  model.say({ content: `nt so grün 🦀, ${MARKUP}` });
  await expect(written).toHaveText(`Es grünt so grün 🦀, ${MARKUP}`);
  await passes(page, 'a turn under way');
  await page.reload();
  await expect(written).toHaveText(`Es grünt so grün 🦀, ${MARKUP}`);
  await expect(page.getByRole('region', { name: /^Graph of the flow/ }).getByText('teller')).toBeVisible();

  await server.kill();
  await server.restart();
  await model.asked(2);
  model.say({ content: 'Es bl' });
  await expect(second.getByText('Es bl', { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(written).toHaveText('Es bl');
  await expect(first.getByText('Es grün')).toHaveCount(0);
  model.say({ content: 'üht.' });
  await expect(written).toHaveText('Es blüht.');
  model.end();

  await expect(written).toHaveCount(0);
  await expect(second.getByText('Es blüht.', { exact: true })).toBeVisible();
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
  model.close();
});

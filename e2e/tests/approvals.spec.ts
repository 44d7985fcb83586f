import { passes } from '../support/accessible.ts';
import type { Api } from '../support/api.ts';
import { type Peer, startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

// An example of the demo waits for approval, too.
test.use({ demo: false });

const says = (message: object, finish_reason = 'stop') => ({
  status: 200,
  body: { choices: [{ message: { role: 'assistant', ...message }, finish_reason }] },
});

/** A model that wants to pay 1,200, and then says what it heard of that. `calls` is what the tool answers, if it is called. */
function wantsToPay(calls: object[]): Promise<Peer> {
  const pay = { id: 'x', type: 'function', function: { name: 'pay', arguments: '{"amount":1200}' } };
  const paid = calls.map((body) => ({ status: 200, body }));
  return startPeer([says({ tool_calls: [pay] }, 'tool_calls'), ...paid, says({ content: 'Done.' })]);
}

/** Creates a flow whose agent needs approval for larger payments; returns its id. */
async function buying(api: Api, peer: Peer): Promise<string> {
  const pay = {
    name: 'pay',
    type: 'http_request',
    description: 'Pays an invoice.',
    input_schema: { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } },
    request: { method: 'POST', url: peer.url, body: { amount: '${input.amount}' } },
    approval: 'input.amount > 1000',
    approval_timeout_seconds: 3_600,
  };
  const agent = await api.createAgentOf({
    name: 'Clerk',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: peer.url, model: 'small' },
    skills: [{ name: 'buy', tools: [pay] }],
  });
  const node = { id: 'buy', name: 'Buy it', type: 'agent', agent_id: agent, skill: 'buy', input: {} };
  return api.createFlow({ name: 'Buying', flow_definition: { nodes: [node], edges: [] } });
}

test('a call that waits is found through the navigation, edited and approved', async ({ page, api, complaints }) => {
  // The first edit does not fit the tool.
  complaints.expect(/status of 400/);
  const peer = await wantsToPay([{ paid: true }]);
  const execution = await api.run(await buying(api, peer));
  await page.goto('/flows');
  const badge = page.getByRole('link', { name: '1 execution has calls that wait for approval' });
  await badge.click();
  const card = page.getByRole('list', { name: 'What waits for approval' }).locator('> li');
  await expect(card).toHaveCount(1);
  for (const shown of ['pay', 'Buying', 'Buy it', 'Clerk', 'Asked', '1200', 'It is refused if nobody decides before']) {
    await expect(card).toContainText(shown);
  }
  await passes(page, 'a call that waits');

  await card.getByRole('button', { name: 'Edit and approve' }).click();
  const editor = card.getByRole('textbox', { name: 'Edited arguments (JSON)' });
  const approve = card.getByRole('button', { name: 'Approve edited arguments' });
  await editor.fill('{ "amount": ');
  await expect(approve).toHaveAttribute('aria-disabled', 'true');
  await editor.fill('{ "amount": "much" }');
  await approve.click();
  await expect(card).toContainText('do not match the input schema of the tool');
  await editor.fill('{ "amount": 900 }');
  await approve.click();

  await expect(page.getByText('pay: Approved with edited arguments')).toBeFocused();
  await expect(page.getByText('Nothing waits for approval')).toBeVisible();
  await expect(badge).toHaveCount(0);
  await api.reaches(execution, 'completed');
  expect(peer.keys.filter((key) => key.includes(':tool:'))).toEqual([`${execution}:buy:tool:1:0`]);
  await page.goto(`/executions/${execution}?node=buy`);
  const tool = page.getByRole('list', { name: 'Tool calls' }).getByRole('listitem');
  await expect(tool).toContainText('{"amount":900}');
  await expect(tool).toContainText('Approved with edited arguments');
  peer.close();
});

test('a call appears as it begins to wait, and is rejected with the keyboard on a narrow screen', async ({ page, api }) => {
  const peer = await wantsToPay([]);
  const flow = await buying(api, peer);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/approvals');
  await expect(page.getByText('Nothing waits for approval')).toBeVisible();

  const execution = await api.run(flow);
  const card = page.getByRole('list', { name: 'What waits for approval' }).locator('> li');
  await expect(card).toContainText('pay');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.keyboard.press('j');
  await expect(card.getByRole('link', { name: 'Buying · Buy it' })).toBeFocused();
  const comment = card.getByRole('textbox', { name: /^Comment/ });
  const reject = card.getByRole('button', { name: 'Reject' });
  const tabTo = async (wanted: typeof reject) => {
    await expect(async () => {
      await page.keyboard.press('Tab');
      await expect(wanted).toBeFocused({ timeout: 100 });
    }).toPass();
  };
  await tabTo(comment);
  await page.keyboard.type('Not this vendor');
  await tabTo(reject);
  await page.keyboard.press('Enter');

  await expect(page.getByText('pay: Rejected')).toBeFocused();
  await expect(page.getByText('Nothing waits for approval')).toBeVisible();
  await api.reaches(execution, 'completed');
  expect(peer.keys.filter((key) => key.includes(':tool:'))).toEqual([]);
  peer.close();
});

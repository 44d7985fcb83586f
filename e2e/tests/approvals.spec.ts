import type { Page } from '@playwright/test';
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

const rowsOf = (page: Page) => page.getByRole('list', { name: 'What waits for approval' }).locator('> li');
const open = (page: Page) => page.locator('[data-detail]');

test('a call that waits is found through the navigation, edited and approved', async ({ page, api, complaints }) => {
  // The first edit does not fit the tool.
  complaints.expect(/status of 400/);
  const peer = await wantsToPay([{ paid: true }]);
  const execution = await api.run(await buying(api, peer));
  await page.goto('/flows');
  const badge = page.getByRole('link', { name: '1 execution waits for approval' });
  await badge.click();
  await expect(rowsOf(page)).toHaveCount(1);
  const call = open(page);
  for (const shown of ['pay', 'Buying', 'Buy it', 'Clerk', 'Asked', '1200', 'It is refused if nobody decides before']) {
    await expect(call).toContainText(shown);
  }
  await passes(page, 'a call that waits');

  await page.keyboard.press('e');
  const editor = call.getByRole('textbox', { name: 'Edited arguments (JSON)' });
  const approve = call.getByRole('button', { name: 'Approve edited arguments' });
  await expect(editor).toBeFocused();
  await editor.fill('{ "amount": ');
  await expect(approve).toHaveAttribute('aria-disabled', 'true');
  await editor.fill('{ "amount": "much" }');
  await approve.click();
  await expect(call).toContainText('not match the input schema of the tool');
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
  await expect(rowsOf(page)).toContainText('pay');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.keyboard.press('j');
  await expect(rowsOf(page).getByRole('button')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'pay' })).toBeFocused();
  await page.keyboard.press('r');
  await page.keyboard.type('Not this vendor');
  await page.keyboard.press('Enter');
  await expect(open(page).getByRole('button', { name: 'Reject' })).toBeFocused();
  await page.keyboard.press('Enter');

  await expect(page.getByText('pay: Rejected')).toBeFocused();
  await expect(page.getByText('Nothing waits for approval')).toBeVisible();
  await api.reaches(execution, 'completed');
  expect(peer.keys.filter((key) => key.includes(':tool:'))).toEqual([]);
  peer.close();
});

test('several are selected and decided at once; what another client decided first is said', async ({ page, api, complaints }) => {
  complaints.expect(/status of 409/);
  const asks = { id: 'ok', name: 'Release', type: 'approval', input: { text: '${trigger_data.text}' } };
  const flow = await api.createFlow({ name: 'Texts', flow_definition: { nodes: [asks], edges: [] } });
  const [first = '', second = '', third = ''] = await Promise.all(['One', 'Two', 'Three'].map((text) => api.run(flow, { text })));
  await page.goto('/approvals');
  await expect(rowsOf(page)).toHaveCount(3);
  await expect(open(page)).toBeVisible();

  for (const _ of [first, second, third]) {
    await page.keyboard.press('x');
    await page.keyboard.press('j');
  }
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog', { name: 'Approve 3 at once' });
  await expect(dialog.getByRole('button', { name: 'Approve 3' })).toBeFocused();
  await passes(page, 'the question before several are decided');
  await api.decide(`${second}:ok:approval:1`, 'approved');
  await page.keyboard.press('Enter');

  await expect(dialog.getByRole('status')).toHaveText('2 decided, 1 no longer waited');
  await expect(dialog.getByRole('listitem').filter({ hasText: 'was approved' })).toContainText('Release · Texts');
  await dialog.getByText('Close').click();
  await expect(page.getByText('Nothing waits for approval')).toBeVisible();
  const log = page.getByRole('region', { name: 'Since you opened this page' });
  await expect(log.getByRole('listitem')).toHaveCount(3);
  for (const execution of [first, second, third]) await api.reaches(execution, 'completed');
});

test('a node with a form is built in the editor, run, and approved where it runs', async ({ page, api }) => {
  const flow = await api.createFlow({
    name: 'Refunds',
    flow_definition: { nodes: [{ id: 'start', type: 'trigger', position: { x: 0, y: 0 } }], edges: [] },
  });
  await page.goto(`/flows/${flow}`);
  await page.getByRole('button', { name: 'Approval', exact: true }).click();
  const form = page.getByRole('complementary', { name: 'Details' });
  await form.getByLabel('Name', { exact: true }).fill('Refund?');
  await form.getByRole('button', { name: 'Add a field' }).click();
  const field = form.getByRole('region', { name: /^Field / });
  await field.getByLabel('Name').fill('reason');
  await field.getByLabel('Label').fill('Reason');
  await field.getByLabel('Kind').click();
  await page.getByRole('option', { name: 'One of several' }).click();
  await field.getByLabel('Required').check();
  await expect(form).toContainText('No edge asks for rejected');
  await passes(page, 'the form of an approval');
  await form.getByText('Preview').click();
  await form.getByLabel(/^Reason/).click();
  await page.getByRole('option', { name: 'second' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version')).toBeVisible();

  const execution = await api.run(flow, {});
  await page.goto(`/executions/${execution}?node=approval`);
  const asked = page.getByRole('group', { name: 'Decide on Refund?' });
  await asked.getByRole('button', { name: 'Approve' }).click();
  await expect(asked).toContainText('This is required.');
  await asked.getByLabel(/^Reason/).click();
  await page.getByRole('option', { name: 'first' }).click();
  await asked.getByLabel(/^Comment/).fill('Seen the photos');
  await asked.getByRole('button', { name: 'Approve' }).click();

  await expect(page.getByText(/^Approved by .*: Seen the photos$/)).toBeVisible();
  await api.reaches(execution, 'completed');
  await expect(page.getByRole('region', { name: 'Output' })).toContainText('"first"');
  await page.getByRole('tab', { name: 'Events' }).click();
  await expect(page.getByText('Decision: approved')).toBeVisible();
});

import type { Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import type { Api } from '../support/api.ts';
import { type Speaker, startSpeaker } from '../support/speaker.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

/** Would run or load something if it were interpreted as markup. */
const MARKUP = '<img src="x" onerror="hacked=1"> **bold**';

/** Creates a flow that answers with a model; returns its id. */
async function chatting(api: Api, speaker: Speaker): Promise<string> {
  const agent = await api.createAgentOf({
    name: 'Clerk',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: speaker.url, model: 'small' },
    skills: [{ name: 'reply' }],
  });
  const input = { message: '${trigger_data.message}' };
  const node = { id: 'reply', type: 'agent', agent_id: agent, skill: 'reply', input, session: '${context.id}' };
  const flow = await api.createFlow({ name: 'Support', flow_definition: { nodes: [node], edges: [] } });
  await api.activate(flow);
  return flow;
}

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const messages = (page: Page) => page.getByRole('region', { name: 'Messages' });
const entries = (page: Page) => messages(page).getByRole('listitem');

async function write(page: Page, message: string): Promise<void> {
  await field(page).fill(message);
  await field(page).press('Enter');
}

function says(speaker: Speaker, text: string): void {
  speaker.say({ content: text });
  speaker.end();
}

test('an answer is shown while it is written, and the conversation is there after a reload', async ({ page, api }) => {
  const speaker = await startSpeaker();
  const flow = await chatting(api, speaker);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/chat/${flow}`);
  await expect(page.getByText('Write the first message.')).toBeVisible();
  await passes(page, 'an empty chat');

  await field(page).fill('First line');
  await field(page).press('Shift+Enter');
  await field(page).pressSequentially('second line');
  await field(page).press('Enter');
  await speaker.asked(1);
  await expect(field(page)).toHaveValue('');
  await expect(entries(page)).toContainText('First line\nsecond line');
  speaker.say({ content: `Hello ${MARKUP}` });
  await expect(entries(page)).toContainText(`Hello ${MARKUP}`);
  await passes(page, 'an answer that is being written');
  speaker.say({ content: ' and more.' });
  speaker.end();

  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible();
  await expect(entries(page)).toContainText(`Hello ${MARKUP} and more.`);
  await page.reload();
  await expect(entries(page)).toHaveCount(1);
  await expect(entries(page)).toContainText('First line\nsecond line');
  await expect(entries(page)).toContainText(`Hello ${MARKUP} and more.`);
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
  await passes(page, 'a chat');

  await page.getByRole('button', { name: 'New conversation' }).click();
  await expect(page.getByText('Write the first message.')).toBeVisible();
  await page.goBack();
  await expect(entries(page)).toContainText('and more.');
  speaker.close();
});

test('two tabs write in turn, and both show what the other one wrote', async ({ page, api, context }) => {
  const speaker = await startSpeaker();
  const flow = await chatting(api, speaker);
  await page.goto(`/chat/${flow}`);
  await write(page, 'One');
  await speaker.asked(1);
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(entries(other)).toContainText('One');

  await write(other, 'Two');

  await expect(entries(other).nth(1)).toContainText('Waits until the answer before it is written.');
  await expect(entries(page).nth(1)).toContainText('Waits until the answer before it is written.');
  says(speaker, 'Answer to one.');
  await speaker.asked(2);
  says(speaker, 'Answer to two.');
  for (const tab of [page, other]) {
    await expect(entries(tab).nth(0)).toContainText('Answer to one.');
    await expect(entries(tab).nth(1)).toContainText('Answer to two.');
  }
  speaker.close();
});

test('an answer is stopped, tried again, and written again', async ({ page, api }) => {
  const speaker = await startSpeaker();
  const flow = await chatting(api, speaker);
  await page.goto(`/chat/${flow}`);
  await write(page, 'Hi');
  await speaker.asked(1);

  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(entries(page)).toContainText('Stopped.');
  await passes(page, 'an answer that was stopped');
  await page.getByRole('button', { name: 'Try again' }).click();
  await speaker.asked(2);
  says(speaker, 'First answer.');
  await expect(entries(page)).toContainText('First answer.');
  await expect(entries(page)).toHaveCount(1);

  await page.getByRole('button', { name: 'Answer again' }).click();
  await speaker.asked(3);
  says(speaker, 'Second answer.');

  await expect(entries(page)).toContainText('Second answer.');
  await expect(entries(page)).toHaveCount(1);
  await expect(entries(page)).not.toContainText('First answer.');
  speaker.close();
});

test('a message that does not arrive is kept and sent once', async ({ page, api, complaints }) => {
  complaints.expect(/ERR_FAILED/);
  const speaker = await startSpeaker();
  const flow = await chatting(api, speaker);
  await page.goto(`/chat/${flow}`);
  await page.route('**/execute', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await write(page, 'Hi');
  await expect(page.getByText('The message was not sent.')).toBeVisible();
  await page.unroute('**/execute');

  await page.getByRole('button', { name: 'Try again' }).click();

  await expect(page.getByText('The message was not sent.')).toHaveCount(0);
  await speaker.asked(1);
  says(speaker, 'Hello.');
  await expect(entries(page)).toHaveCount(1);
  await expect(entries(page)).toContainText('Hello.');
  expect(await api.executionsOf(flow)).toHaveLength(1);
  speaker.close();
});

test('a flow that is no chat says what it lacks', async ({ page, api }) => {
  const nodes = [{ id: 'a', type: 'action', action: 'echo', input: {} }];
  const flow = await api.createFlow({ name: 'None', flow_definition: { nodes, edges: [] } });

  await page.goto(`/chat/${flow}`);

  await expect(page.getByText('No agent node of it has a session.')).toBeVisible();
  await passes(page, 'a flow that is no chat');
});

import { passes } from '../support/accessible.ts';
import { startProvider } from '../support/provider.ts';
import { expect, test } from '../support/test.ts';

test('an agent is tried before it is saved, compared, and restored', async ({ page }) => {
  const provider = await startProvider();
  await page.goto('/agents?agent=new');
  const drawer = page.getByRole('dialog', { name: 'New agent' });
  await drawer.getByRole('textbox', { name: 'Name', exact: true }).fill('Vendor analyst');
  await drawer.getByRole('textbox', { name: 'Base URL' }).fill(provider.url);

  await drawer.getByRole('button', { name: 'List models' }).click();
  await expect(drawer.getByText('2 models listed')).toBeVisible();
  await drawer.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'small' }).click();
  await drawer.getByRole('button', { name: 'Test connection' }).click();
  await expect(drawer.getByText('The model answered.')).toBeVisible();
  await drawer.getByRole('textbox', { name: 'Skill name' }).fill('score');
  await drawer.getByRole('textbox', { name: 'Instructions' }).fill('Rate ${input.vendor}.\nBe kind.');
  await drawer.getByRole('button', { name: 'Input and output schema' }).click();
  await drawer.getByRole('button', { name: 'Describe an object' }).click();
  await drawer.getByRole('button', { name: 'Add field' }).click();
  await drawer.getByRole('region', { name: 'Field field_1' }).getByRole('textbox', { name: 'Name' }).fill('risk');
  await drawer.getByRole('region', { name: 'Field risk' }).getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Number', exact: true }).click();
  await drawer.getByRole('button', { name: 'Add guardrail' }).click();
  const guardrail = drawer.getByRole('region', { name: 'Guardrail 1' });
  await guardrail.getByRole('textbox', { name: 'Guardrail name' }).fill('no promises');
  await guardrail.getByRole('textbox', { name: 'Regular expression' }).fill('(?i)guarantee');
  await guardrail.getByRole('combobox', { name: 'If it is refused' }).click();
  await page.getByRole('option', { name: 'Fail the node' }).click();
  await passes(page, 'the form');

  await drawer.getByRole('tab', { name: 'Playground' }).click();
  const input = drawer.getByRole('textbox', { name: 'Input (JSON)' });
  await input.fill('{"vendor": "ACME"}');
  await drawer.getByRole('switch', { name: 'Compare' }).check();
  const variant = drawer.getByRole('region', { name: 'Variant' });
  await variant.getByRole('combobox', { name: 'Model' }).fill('large');
  await drawer.getByRole('button', { name: 'Run both' }).click();
  await expect(drawer.getByText('Fits the output schema')).toBeVisible();
  await expect(variant.getByText('Does not fit the output schema')).toBeVisible();
  const first = drawer.getByRole('region', { name: 'As in the form' });
  await first.getByText('Prompt').click();
  await expect(first.getByText(/^Rate ACME\./)).toBeVisible();
  await passes(page, 'the playground');

  await drawer.getByRole('tab', { name: 'Settings' }).click();
  await drawer.getByRole('button', { name: 'Save agent' }).click();
  await page.getByRole('button', { name: 'Edit Vendor analyst' }).click();
  const saved = page.getByRole('dialog', { name: 'Edit agent' });
  const kept = saved.getByRole('region', { name: 'Guardrail 1' });
  await expect(kept.getByRole('combobox', { name: 'If it is refused' })).toHaveValue('Fail the node');
  await saved.getByRole('textbox', { name: 'Instructions' }).fill('Rate ${input.vendor}.\nBe strict.');
  await saved.getByRole('button', { name: 'Save agent' }).click();
  await page.getByRole('button', { name: 'Edit Vendor analyst' }).click();
  await saved.getByRole('tab', { name: 'Versions' }).click();
  await saved.getByRole('button', { name: /Version 2/ }).click();
  await expect(saved.getByRole('listitem').filter({ hasText: 'removed: Be kind.' }).first()).toBeVisible();
  await passes(page, 'the versions');
  await saved.getByRole('button', { name: /Version 1/ }).click();
  await saved.getByRole('button', { name: 'Restore version 1' }).click();
  await expect(saved.getByRole('button', { name: /Version 3/ })).toBeVisible();
  await saved.getByRole('tab', { name: 'Settings' }).click();
  await expect(saved.getByRole('textbox', { name: 'Instructions' })).toHaveValue('Rate ${input.vendor}.\nBe kind.');
  provider.close();
});

test('executions share a session, whose turns are read, written again and deleted', async ({ page, api }) => {
  const provider = await startProvider();
  const agent = await api.createAgentOf({
    name: 'Clerk',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: provider.url, model: 'large' },
    skills: [{ name: 'reply', instructions: 'Reply.' }],
  });
  const node = { id: 'clerk', type: 'agent', agent_id: agent, skill: 'reply', input: { says: '${trigger_data.says}' } };
  const flow = await api.createFlow({ name: 'Chat', status: 'active', flow_definition: { nodes: [node], edges: [] } });
  await page.goto(`/flows/${flow}`);
  await page.getByRole('group', { name: 'clerk, agent' }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('switch', { name: 'Session' }).check();
  await details.getByRole('group', { name: 'Session' }).getByRole('textbox', { name: 'Key' }).fill('chat ${trigger_data.of}');
  await passes(page, 'the fields of a session');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version 2')).toBeVisible();
  for (const says of ['<b>one</b>', 'two']) await api.reaches(await api.run(flow, { says, of: 'a/1' }), 'completed');

  await page.goto(`/agents?agent=${agent}&view=sessions`);
  await page.getByRole('button', { name: 'chat a/1' }).click();
  const turns = page.getByRole('list', { name: 'Turns of the session' });
  await expect(turns.getByText('{"says":"<b>one</b>"}')).toBeVisible();
  await expect(turns.getByText('I would say it is risky.')).toHaveCount(2);
  await passes(page, 'a session');
  await page.getByRole('button', { name: 'Write turn 2 again' }).click();
  await page.getByRole('status').getByRole('link', { name: /^execution / }).click();
  await page.getByText('Asked with 1 earlier turn').click();
  await expect(turns.getByText('{"says":"<b>one</b>"}')).toBeVisible();
  await page.getByRole('link', { name: 'turn 2 of session chat a/1' }).click();
  await expect(page.getByRole('region', { name: 'Session chat a/1' }).getByText('2 turns')).toBeVisible();
  await page.getByRole('button', { name: 'Delete session' }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByText('No sessions yet')).toBeVisible();
  await passes(page, 'an agent without sessions');
  provider.close();
});

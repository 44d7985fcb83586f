import { passes } from '../support/accessible.ts';
import type { Api, FlowDocument } from '../support/api.ts';
import { startProvider } from '../support/provider.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

/** A flow with two versions, which have asked a model that often; returns its id. */
async function twoVersions(api: Api, url: string): Promise<string> {
  const agent = await api.createAgentOf({
    name: 'Clerk',
    agent_type: 'llm',
    config: { provider: 'openai', base_url: url, model: 'small' },
    prices: { currency: 'USD', input_per_million: 400, output_per_million: 1_600 },
    skills: [{ name: 'reply', instructions: 'Reply.' }],
  });
  const node = { id: 'clerk', type: 'agent', agent_id: agent, skill: 'reply', input: {} };
  const document: FlowDocument = { name: 'Reply', status: 'active', flow_definition: { nodes: [node], edges: [] } };
  const flow = await api.createFlow(document);
  const runs = async (count: number) => {
    const executions = await Promise.all(Array.from({ length: count }, () => api.run(flow)));
    for (const execution of executions) await api.reaches(execution, 'completed');
  };
  await runs(2);
  await api.changeFlow(flow, { ...document, description: 'Replies at once.' });
  await runs(4);
  return flow;
}

test('times of calls stand beside costs, and any days are compared', async ({ page, api }) => {
  const provider = await startProvider();
  await twoVersions(api, provider.url);
  const today = new Date().toISOString().slice(0, 10);

  await page.goto('/analytics/costs?period=7d');
  const row = page.getByRole('table', { name: 'By model' }).getByRole('row', { name: /^small/ });
  await expect(row.getByRole('cell').nth(1)).toHaveText('6');
  for (const percentile of [7, 8, 9]) await expect(row.getByRole('cell').nth(percentile)).toHaveText(/^\d.* m?s$/);
  const comparison = page.getByRole('table', { name: 'Compared with another period' });
  await expect(comparison.getByRole('row', { name: /^Calls/ })).toContainText('6 more');
  await expect(comparison.getByRole('row', { name: /^Time of a call, p95/ })).toContainText('–');

  await page.getByLabel('Last day of the other period (UTC)').fill(today);
  await page.getByLabel('First day of the other period (UTC)').fill(today);
  await expect(page).toHaveURL(new RegExp(`compare=${today}&compare_to=${today}`));
  await expect(comparison.getByRole('row', { name: /^Calls/ })).toContainText('no change');
  await expect(comparison.getByRole('row', { name: /^Time of a call, p95/ })).toContainText('no change');
  await expect(page.getByText('This period has 7 days and the other one 1 day')).toBeVisible();
  await passes(page, 'costs of two periods');

  await page.getByRole('button', { name: 'Period before' }).click();
  await expect(page).not.toHaveURL(/compare/);
  await expect(comparison.getByRole('row', { name: /^Calls/ })).toContainText('6 more');
  provider.close();
});

test('two versions of a flow stand side by side, at an address of their own', async ({ page, api }) => {
  const provider = await startProvider();
  const flow = await twoVersions(api, provider.url);

  await page.goto(`/analytics?flow=${flow}`);
  const versions = page.getByRole('table', { name: 'Two versions side by side' });
  await expect(versions.getByRole('row', { name: /^Finished/ })).toHaveText('Finished42+100%, 2 more');
  await expect(versions.getByRole('row', { name: /^Calls/ })).toHaveText('Calls42+100%, 2 more');
  await page.getByRole('combobox', { name: 'Compared with' }).click();
  await page.getByRole('option', { name: 'Version 2' }).click();

  await expect(page).toHaveURL(/version=2&against=2/);
  await expect(versions.getByRole('row', { name: /^p95/ })).toContainText('no change');
  await page.goto(`/analytics?flow=${flow}&version=1&against=2`);
  await expect(versions.getByRole('row', { name: /^Finished/ })).toHaveText('Finished24−50%, 2 fewer');
  await passes(page, 'two versions');
  await page.goto(`/analytics/costs?flow=${flow}`);
  const costs = page.getByRole('table', { name: 'By version of a flow' });
  await expect(costs.getByRole('row')).toHaveCount(3);
  await expect(costs.getByRole('row', { name: /, version 2 / }).getByRole('cell').nth(1)).toHaveText('4');
  provider.close();
});

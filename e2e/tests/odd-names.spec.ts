import type { Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';

/** Names that every JavaScript object has. */
const NAMES = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'] as const;

const INPUT = '{"__proto__":{"price":19.90},"constructor":1,"toString":"text"}';

/** Two chains of nodes with these ids; without positions, so that the studio places them. */
const NODES = [
  `{"id":"constructor","type":"action","action":"transform","input":${INPUT}}`,
  '{"id":"toString","type":"condition","condition":"nodes[\\"constructor\\"].output.constructor == 1"}',
  '{"id":"valueOf","type":"action","action":"echo","input":"${nodes[\\"constructor\\"].output}"}',
  '{"id":"hasOwnProperty","type":"action","action":"echo","input":{}}',
  '{"id":"__proto__","type":"action","action":"fail","input":{"message":"Failed on purpose"}}',
];
const EDGES = [
  '{"from":"constructor","to":"toString"}',
  '{"from":"toString","to":"valueOf","condition":true}',
  '{"from":"toString","to":"hasOwnProperty","condition":false}',
  '{"from":"valueOf","to":"__proto__"}',
];
const DOCUMENT = `{"name":"Odd names","flow_definition":{"nodes":[${NODES.join(',')}],"edges":[${EDGES.join(',')}]}}`;

test.use({ demo: false, permissions: ['clipboard-read', 'clipboard-write'] });

test('a flow with ids that every object has is edited and keeps its document', async ({ page, api }) => {
  const flow = await api.createFlowText(DOCUMENT);
  await page.goto(`/flows/${flow}`);
  await expect(page.getByText('No problems')).toBeVisible();
  await showsNodes(page);
  await page.getByRole('button', { name: 'Lay out automatically' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version 2')).toBeVisible();

  const saved = await api.flowText(flow);
  for (const node of NODES) expect(saved).toContain(`${node.slice(0, -1)},"position":`);
  for (const edge of EDGES) expect(saved).toContain(edge);
});

test('an execution of nodes with ids that every object has is shown', async ({ page, api }) => {
  const execution = await api.run(await api.createFlowText(DOCUMENT));
  await api.reaches(execution, 'failed');
  for (const name of NAMES) {
    await page.goto(`/executions/${execution}?node=${name}`);
    await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
    await showsNodes(page);
  }
  await page.getByRole('tab', { name: 'Data' }).click();
  const outputs = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Outputs by node' }) });
  await outputs.getByRole('button', { name: 'Copy' }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(async () => (await copied()).replaceAll(/\s/g, '')).toContain(`"valueOf":${INPUT}`);

  await page.goto('/failures');
  await expect(page.getByText('Odd names · __proto__')).toBeVisible();
});

async function showsNodes(page: Page): Promise<void> {
  for (const name of NAMES) await expect(page.locator(`.react-flow__node[data-id="${name}"]`)).toBeAttached();
}

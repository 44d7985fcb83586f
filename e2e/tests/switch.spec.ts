import type { Locator, Page } from '@playwright/test';
import { nodeShown } from '../support/canvas.ts';
import { expect, test } from '../support/test.ts';

test('a switch is drawn with its cases in order, and the run shows which edge was taken', async ({ page, api }) => {
  await page.goto('/flows');
  await page.getByRole('button', { name: 'New flow' }).click();
  await page.getByLabel('Name').fill('Route by risk');
  await page.getByRole('button', { name: 'Create draft' }).click();

  await expect(nodeOf(page, 'Start')).toBeVisible();
  await drop(page, 'Switch', { x: 330, y: 240 });
  const details = page.getByRole('complementary', { name: 'Details' });
  const cases = details.getByRole('group', { name: 'Cases', exact: true });
  await addCase(cases, 1, 'low', 'trigger_data.risk < 90');
  await addCase(cases, 2, 'high', 'trigger_data.risk > 70');
  // Both hold for 82: the first case is chosen, so the order decides.
  await cases.getByRole('button', { name: 'Move entry 2 up' }).click();
  await expect(cases.getByLabel('Name').first()).toHaveValue('high');
  await join(page, dotOf(page, 'Start', 'Next node'), 'Switch');

  await addTarget(page, 'Reject', 'high', 60);
  await addTarget(page, 'Accept', 'low', 240);
  await addTarget(page, 'Look at it', 'default', 420);
  const edges = page.locator('.react-flow__edge');
  for (const name of ['high', 'low', 'default']) {
    await expect(edges.and(page.getByLabel(new RegExp(`^switch to .*, ${name}$`)))).toHaveCount(1);
  }
  await expect(page.getByText('No problems', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version')).toBeVisible();

  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: /^Run flow/ });
  await dialog.getByLabel('risk', { exact: true }).fill('82');
  await dialog.getByRole('button', { name: 'Run now' }).click();

  await expect(page).toHaveURL(/\/executions\//);
  await expect(page.getByRole('option', { name: /^Switch Completed/ })).toBeVisible();
  await expect(page.getByRole('option', { name: /^Reject Completed/ })).toBeVisible();
  await expect(page.getByRole('option', { name: /^Accept Skipped/ })).toBeVisible();
  await expect(page.getByRole('option', { name: /^Look at it Skipped/ })).toBeVisible();
  const graph = page.getByRole('region', { name: /^Graph of the flow/ });
  await expect(graph.getByLabel(/^switch → .*, high: Taken$/)).toHaveCount(1);
  await expect(graph.getByLabel(/^switch → .*, low: Not taken$/)).toHaveCount(1);
  await expect(graph.getByLabel(/^switch → .*, default: Not taken$/)).toHaveCount(1);
  await page.getByRole('option', { name: /^Switch Completed/ }).click();
  await expect(page.getByRole('region', { name: 'Output' })).toContainText('"high"');

  const [execution] = await api.executionsOf(await api.flowNamed('Route by risk'));
  expect(execution?.status).toBe('completed');
});

test('a flow opens with all its nodes in view, and all its edges, also where the node types come late', async ({ page, api }) => {
  const cases = [{ name: 'high', condition: 'trigger_data.risk > 70' }];
  const ids = ['first', 'second', 'third', 'fourth'];
  const nodes = ids.map((id, at) => ({ id, type: 'action', action: 'echo', position: { x: at * 280, y: at * 40 } }));
  const flow = await api.createFlow({
    name: 'Wide',
    flow_definition: {
      nodes: [
        ...nodes,
        { id: 'route', type: 'switch', cases, position: { x: 560, y: 240 } },
        { id: 'risky', type: 'condition', condition: 'trigger_data.risk > 90', position: { x: 0, y: 240 } },
      ],
      edges: [
        { from: 'risky', to: 'second', condition: true },
        { from: 'risky', to: 'third', condition: false },
        { from: 'route', to: 'fourth', condition: 'high' },
      ],
    },
  });
  await page.route('**/studio/node-types', async (route) => {
    await expect(nodeOf(page, 'risky')).toBeVisible();
    await route.continue();
  });

  await page.goto(`/flows/${flow}`);

  await expect(page.locator('.react-flow__edge')).toHaveCount(3);
  for (const id of [...ids, 'route', 'risky']) await expect(nodeOf(page, id)).toBeInViewport({ ratio: 0.99 });
  const palette = await page.getByRole('button', { name: 'Transform', exact: true }).boundingBox();
  const first = await nodeOf(page, 'first').boundingBox();
  expect(first?.x).toBeGreaterThan((palette?.x ?? 0) + (palette?.width ?? 0));
});

async function addCase(cases: Locator, number: number, name: string, condition: string): Promise<void> {
  await cases.getByRole('button', { name: 'Add', exact: true }).click();
  const entry = cases.getByRole('group', { name: `Cases ${number}`, exact: true });
  await entry.getByLabel('Name').fill(name);
  await entry.getByLabel('Expression').last().fill(condition);
}

/** Drops a transform, names it, and draws the edge of a case to it. */
async function addTarget(page: Page, name: string, of: string, y: number): Promise<void> {
  await drop(page, 'Transform', { x: 530, y });
  await page.getByRole('complementary', { name: 'Details' }).getByLabel('Name', { exact: true }).fill(name);
  await join(page, dotOf(page, 'Switch', of), name);
}

async function drop(page: Page, entry: string, targetPosition: { x: number; y: number }): Promise<void> {
  const nodes = page.locator('.react-flow__node');
  const before = await nodes.count();
  await page.getByRole('button', { name: entry, exact: true }).dragTo(page.getByLabel('Flow canvas'), { targetPosition });
  await expect(nodes).toHaveCount(before + 1);
  await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
  await nodeShown(page);
}

/** Draws an edge from a dot to the one on the left of a node. */
async function join(page: Page, dot: Locator, to: string): Promise<void> {
  const edges = page.locator('.react-flow__edge');
  const before = await edges.count();
  await dot.hover();
  await page.mouse.down();
  await nodeOf(page, to).locator('.react-flow__handle-left').hover();
  await page.mouse.up();
  await expect(edges).toHaveCount(before + 1);
}

function dotOf(page: Page, node: string, title: string): Locator {
  return nodeOf(page, node).getByTitle(title, { exact: true });
}

function nodeOf(page: Page, name: string): Locator {
  return page.locator('.react-flow__node').filter({ hasText: name });
}

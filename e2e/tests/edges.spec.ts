import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

test('an edge shows what it carries, and what its target reads that may be missing', async ({ page, api }) => {
  const fetch = { id: 'fetch', name: 'Fetch', type: 'action', action: 'echo', input: { vendor: 'Acme', risk: 0.2 } };
  const report = { id: 'report', name: 'Report', type: 'action', action: 'echo', input: { risk: '${fetch.risks}' } };
  const flow = await api.createFlow({
    name: 'Carried',
    flow_definition: {
      nodes: [
        { ...fetch, position: { x: 0, y: 0 } },
        { ...report, position: { x: 320, y: 120 } },
      ],
      edges: [{ from: 'fetch', to: 'report' }],
    },
  });
  await page.goto(`/flows/${flow}`);
  const edge = page.locator('.react-flow__edge').first();

  await edge.locator('.react-flow__edge-interaction').hover();
  const hint = page.getByRole('tooltip');
  await expect(hint).toContainText('vendor');
  await expect(hint.getByRole('listitem').nth(1)).toHaveText('risknumber');
  await expect(hint).toContainText('has no field risks');
  await passes(page, 'what an edge carries');
  await page.mouse.move(700, 800);
  await expect(hint).toBeHidden();

  await edge.focus();
  await page.keyboard.press('Shift');
  await expect(hint).toBeVisible();
  await page.keyboard.press('Enter');
  const form = page.getByRole('complementary').getByRole('region', { name: 'What it carries' });
  await expect(form).toContainText('vendor');
  await expect(form).toContainText('has no field risks');
});

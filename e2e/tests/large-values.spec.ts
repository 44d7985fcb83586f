import { readFile } from 'node:fs/promises';
import { measured } from '../support/frames.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

const PARTS = 5;
const PART = 'x'.repeat(1_000_000);

test('a value of five megabytes is a preview, and whole on demand', async ({ page, api }) => {
  const ids = Array.from({ length: PARTS }, (_, at) => `part${at}`);
  const nodes = ids.map((id) => ({ id, name: id, type: 'action', action: 'echo', input: '${trigger_data}' }));
  const flow = await api.createFlow({ name: 'Large', flow_definition: { nodes, edges: [] } });
  const execution = await api.run(flow, PART);
  await api.reaches(execution, 'completed');
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(new URL(request.url()).pathname));

  await page.goto(`/executions/${execution}`);
  await expect(page.getByRole('tab', { name: 'Data' })).toBeVisible();
  const result = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Result' }) });
  const figures = await measured(page, 'opening the data of an execution with large values', async () => {
    await page.getByRole('tab', { name: 'Data' }).click();
    await expect(result.getByText('Preview of 5.0 MB')).toBeVisible();
  });

  expect(figures.longest).toBeLessThan(1_000);
  const shown = await page.locator('body').evaluate((body) => body.textContent?.length ?? 0);
  expect(shown).toBeLessThan(100_000);
  expect((await api.executionText(execution)).length).toBeLessThan(200_000);
  expect(loaded.filter((path) => path.endsWith('/result'))).toEqual([]);
  const download = page.waitForEvent('download');
  const saving = await measured(page, 'saving all of it', async () => {
    await result.getByRole('button', { name: 'Download' }).click();
    await download;
  });
  expect(saving.longest).toBeLessThan(1_000);
  const file = await readFile(await (await download).path(), 'utf8');
  expect(JSON.parse(file)).toEqual(Object.fromEntries(ids.map((id) => [id, PART])));
});

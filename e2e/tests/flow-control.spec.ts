import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

test('flow control is set, is there after a reload, and is taken back', async ({ page, api }) => {
  const nodes = [{ id: 'start', type: 'trigger' }];
  const flow = await api.createFlow({ name: 'Sync', flow_definition: { nodes, edges: [] } });
  await page.goto(`/flows/${flow}`);
  const dialog = page.getByRole('dialog', { name: 'Flow settings' });
  const field = (name: string) => dialog.getByRole('textbox', { name });
  const open = () => page.getByRole('button', { name: 'Settings' }).click();
  const save = async () => {
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toHaveCount(0);
  };
  await open();

  await field('Concurrency key').fill('${trigger_data.customer}');
  await field('Max concurrent per key').fill('2');
  await field('Priority').fill('5');
  await field('Debounce seconds').fill('1.5');
  await passes(page, 'flow control');
  await save();

  await page.reload();
  await open();
  await expect(field('Concurrency key')).toHaveValue('${trigger_data.customer}');
  await expect(field('Max concurrent per key')).toHaveValue('2');
  await expect(field('Priority')).toHaveValue('5');
  await expect(field('Debounce seconds')).toHaveValue('1.5');
  await field('Priority').fill('');
  await field('Debounce seconds').fill('');
  await save();

  const kept = { concurrency_key: '${trigger_data.customer}', max_concurrent_per_key: 2 };
  expect(await api.flow(flow)).toMatchObject({ ...kept, priority: null, debounce_seconds: null });
});

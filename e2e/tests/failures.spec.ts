import { expect, test } from '../support/test.ts';

test('failures of one kind are retried together, after a look at what that would do', async ({ page, api }) => {
  const flow = await api.createFlow({
    name: 'Never works',
    flow_definition: {
      nodes: [{ id: 'book', type: 'action', action: 'fail', input: { message: 'The ledger is closed' } }],
      edges: [],
    },
  });
  const failed = await Promise.all([api.run(flow), api.run(flow), api.run(flow)]);
  for (const execution of failed) await api.reaches(execution, 'failed');

  await page.goto('/failures');
  const group = page.getByRole('row').filter({ hasText: 'The ledger is closed' });
  await expect(group).toContainText('3');
  await group.getByRole('button').click();
  const dialog = page.getByRole('dialog', { name: 'Retry these executions' });
  await dialog.getByRole('radio', { name: 'From the start' }).click();
  await expect(dialog.getByText('3 executions would be retried, each as a new one.')).toBeVisible();
  expect(await api.executionsOf(flow)).toHaveLength(3);

  await dialog.getByRole('button', { name: 'Retry 3 executions' }).click();
  await expect(dialog.getByText('3 executions retried.')).toBeVisible();
  const retried = (await api.executionsOf(flow)).map(({ retry_of }) => retry_of).filter((id) => id !== null);
  expect(retried.sort()).toEqual(failed.sort());
  await dialog.getByRole('link', { name: 'Watch them run' }).click();
  await expect(page).toHaveURL(/\/executions\?/);
});

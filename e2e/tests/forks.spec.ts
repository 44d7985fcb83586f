import { expect, test } from '../support/test.ts';

const transform = (id: string, input: unknown) => ({ id, type: 'action', action: 'transform', input });

/** Looks a vendor up, scores it, and fails where the score is too high. */
const review = (factor: string) => ({
  name: 'Vendor review',
  flow_definition: {
    nodes: [
      { id: 'start', type: 'trigger' },
      transform('lookup', { vendor: 'ACME', risk: 82 }),
      transform('score', { score: `\${lookup.risk * ${factor}}` }),
      { id: 'book', type: 'action', action: 'fail', input: { message: 'The ledger is closed' } },
      transform('pass', { passed: '${score.score}' }),
    ],
    edges: [
      { from: 'start', to: 'lookup' },
      { from: 'lookup', to: 'score' },
      { from: 'score', to: 'book', condition: 'score.score > 50' },
      { from: 'score', to: 'pass', condition: 'score.score <= 50' },
    ],
  },
});

test('a failed run goes on from an earlier node with other data, and both runs name each other', async ({
  page,
  api,
}) => {
  const flow = await api.createFlow(review('1'));
  const failed = await api.run(flow, { order: 7 });
  await api.reaches(failed, 'failed');

  await page.goto(`/executions/${failed}?node=score`);
  await page.getByRole('button', { name: 'Run again from here' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run again from score' });
  const plan = dialog.getByRole('region', { name: 'Fork plan' });
  await expect(plan.getByText('3 to run · 2 reused')).toBeVisible();
  await dialog.getByRole('combobox', { name: 'Data to change' }).click();
  const choices = page.getByRole('listbox', { name: 'Data to change' });
  await expect(choices.getByRole('option')).toHaveText([
    'Trigger data',
    'Output of lookup',
    'Output of score, which then does not run',
  ]);
  await choices.getByRole('option', { name: 'Output of lookup' }).click();
  const editor = dialog.getByRole('textbox', { name: 'Output of lookup' });
  await expect(editor).toContainText('"risk": 82');
  await editor.fill('{ "vendor": "ACME", "risk": ');
  const start = dialog.getByRole('button', { name: 'Start new run' });
  await expect(start).toHaveAttribute('aria-disabled', 'true');
  await editor.fill('{ "vendor": "ACME", "risk": 12 }');
  const change = dialog.getByRole('region', { name: 'Change of Output of lookup' });
  await expect(change).toContainText('removed:   "risk": 82');
  await expect(change).toContainText('added:   "risk": 12');
  await start.click();

  await expect(page).not.toHaveURL(new RegExp(failed));
  await expect(page.getByText('Forked from')).toBeVisible();
  await expect(page.getByText('at score')).toBeVisible();
  const fork = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await api.reaches(fork, 'completed');
  await expect(page.getByText('Given with the fork').first()).toBeVisible();
  await page.goto(`/executions/${fork}?node=lookup`);
  await expect(page.getByText('The output was given when this execution was forked.')).toBeVisible();
  await page.getByRole('link', { name: failed.slice(-8) }).click();
  await expect(page).toHaveURL(new RegExp(failed));
  await expect(page.getByText('Forks', { exact: true })).toBeVisible();
});

test('a fork on the current version shows what has changed in the flow, and asks for outputs that no longer hold', async ({
  page,
  api,
}) => {
  const flow = await api.createFlow(review('1'));
  const failed = await api.run(flow);
  await api.reaches(failed, 'failed');
  await api.changeFlow(flow, review('0.5'));

  await page.goto(`/executions/${failed}?node=score`);
  await page.getByRole('button', { name: 'Run again from here' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run again from score' });
  await dialog.getByRole('radio', { name: /Version 2/ }).click();
  const changes = dialog.getByRole('region', { name: 'Changes of the flow from version 1 to 2' });
  await expect(changes).toContainText('input.score');
  await expect(changes).toContainText('lookup.risk * 0.5');
  await dialog.getByRole('button', { name: 'Start new run' }).click();
  await expect(page.getByText('at score')).toBeVisible();
  const fork = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await api.reaches(fork, 'completed');

  const edited = review('0.5');
  edited.flow_definition.nodes[1] = transform('lookup', { vendor: 'Other', risk: 1 });
  await api.changeFlow(flow, edited);
  await page.goto(`/executions/${failed}?node=score`);
  await page.getByRole('button', { name: 'Run again from here' }).click();
  await dialog.getByRole('radio', { name: /Version 3/ }).click();
  const start = dialog.getByRole('button', { name: 'Start new run' });
  await expect(start).toHaveAttribute('aria-disabled', 'true');
  await expect(dialog.getByText('Not the same in the current version: lookup.')).toBeVisible();
  await dialog.getByRole('combobox', { name: 'Data to change' }).click();
  await page.getByRole('option', { name: 'Output of lookup' }).click();
  await expect(start).toHaveAttribute('aria-disabled', 'false');
});

import { passes } from '../support/accessible.ts';
import type { Api } from '../support/api.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

const FORM = {
  type: 'object',
  title: 'Ask for a refund',
  description: 'We answer within two days.',
  required: ['order', 'amount', 'reason'],
  properties: {
    order: { type: 'string', title: 'Order number', minLength: 4 },
    amount: { type: 'number', title: 'Amount', minimum: 1 },
    reason: { type: 'string', title: 'Reason', enum: ['damaged', 'late'] },
    kept: { type: 'boolean', title: 'I have kept the packaging' },
  },
};

const RESULT = {
  order: '${trigger_data.order}',
  amount: '${trigger_data.amount}',
  letter: '<b>Dear customer</b> **thanks**',
};

/** Creates a flow with a form, which asks a person before it returns the result; returns its id. */
async function asking(api: Api): Promise<string> {
  const nodes = [
    { id: 'ask', type: 'trigger', form: FORM },
    { id: 'ok', name: 'Look at it', type: 'approval', input: {} },
    { id: 'done', type: 'action', action: 'transform', input: RESULT },
  ];
  const edges = [
    { from: 'ask', to: 'ok' },
    { from: 'ok', to: 'done' },
  ];
  const flow = await api.createFlow({ name: 'Refunds', flow_definition: { nodes, edges } });
  await api.activate(flow);
  return flow;
}

test('a form starts a flow once, follows it over a reload, and shows its result', async ({ page, api }) => {
  const flow = await asking(api);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/form/${flow}`);
  await expect(page.getByRole('heading', { name: 'Ask for a refund' })).toBeVisible();
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await passes(page, 'a form');

  await page.getByRole('button', { name: 'Submit' }).click();
  await expect(page.getByText('This is required.')).toHaveCount(3);
  await expect(page.getByRole('textbox', { name: 'Order number' })).toBeFocused();
  await passes(page, 'a form with faults');

  await page.keyboard.type('A-1002');
  await page.keyboard.press('Tab');
  await page.keyboard.type('420.50');
  await page.getByRole('combobox', { name: 'Reason' }).click();
  await page.getByRole('option', { name: 'late' }).click();
  await page.getByRole('button', { name: 'Submit' }).dblclick();

  const state = page.getByRole('region', { name: 'State' });
  await expect(state).toContainText('Waiting for a person to approve.');
  await passes(page, 'a form that was sent');
  const [execution, ...others] = await api.executionsOf(flow);
  if (!execution) throw new Error('Nothing was started.');
  expect(others).toEqual([]);
  await page.reload();
  await expect(state).toContainText('Waiting for a person to approve.');

  await api.decide(`${execution.id}:ok:approval:1`, 'approved');

  await expect(state).toContainText('Done');
  for (const shown of ['A-1002', '420.50', '<b>Dear customer</b> **thanks**']) await expect(state).toContainText(shown);
  await passes(page, 'the result of a form');
  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByRole('textbox', { name: 'Order number' })).toHaveValue('');
});

test('an answer that was lost is asked for again, and starts nothing twice', async ({ page, api, complaints }) => {
  complaints.expect(/ERR_FAILED/);
  const flow = await asking(api);
  await page.goto(`/form/${flow}`);
  await page.getByRole('textbox', { name: 'Order number' }).fill('A-1002');
  await page.getByRole('textbox', { name: 'Amount' }).fill('5');
  await page.getByRole('combobox', { name: 'Reason' }).click();
  await page.getByRole('option', { name: 'damaged' }).click();
  // The start arrives, and its answer does not.
  await page.route('**/execute', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Submit' }).click();
  await expect(page.getByText('It is not known whether this arrived.')).toBeVisible();
  await page.unroute('**/execute');

  await page.getByRole('button', { name: 'Submit' }).click();

  await expect(page.getByRole('region', { name: 'State' })).toContainText('Waiting for a person');
  expect(await api.executionsOf(flow)).toHaveLength(1);
});

test('a failure says what to do, and a form that takes nothing says why', async ({ page, api, complaints }) => {
  complaints.expect(/status of 404/);
  const nodes = [
    { id: 'ask', type: 'trigger', form: { type: 'object', properties: { note: { type: 'string' } } } },
    { id: 'no', type: 'action', action: 'fail', input: { message: 'The shop is closed.' } },
  ];
  const edges = [{ from: 'ask', to: 'no' }];
  const flow = await api.createFlow({ name: 'Closed', flow_definition: { nodes, edges } });
  const without = await api.createFlow({ name: 'None', flow_definition: { nodes: [nodes[1] ?? {}], edges: [] } });
  await page.goto(`/form/${flow}`);
  await expect(page.getByText('This flow is a draft.')).toBeVisible();

  await page.getByRole('button', { name: 'Submit' }).click();

  await expect(page.getByRole('region', { name: 'State' })).toContainText('The shop is closed.');
  await passes(page, 'a form that failed');
  await api.pause(flow);
  await page.getByRole('button', { name: 'Start again' }).click();
  await page.reload();
  await expect(page.getByText('This form is closed')).toBeVisible();
  await passes(page, 'a form that is closed');
  await page.goto(`/form/${without}`);
  await expect(page.getByText('This flow has no form')).toBeVisible();
  await page.goto('/form/018f3a5e-0000-7000-8000-000000000001');
  await expect(page.getByText('There is no such form')).toBeVisible();
});

test('a form is made in the trigger of a flow, and the dialog that runs it asks for the same', async ({ page, api }) => {
  const nodes = [
    { id: 'start', name: 'Begin', type: 'trigger' },
    { id: 'done', type: 'action', action: 'transform', input: '${trigger_data.city}' },
  ];
  const edges = [{ from: 'start', to: 'done' }];
  const flow = await api.createFlow({ name: 'Cities', flow_definition: { nodes, edges } });
  await page.goto(`/flows/${flow}`);
  await page.getByRole('group', { name: /Begin/ }).first().click();
  const form = page.getByRole('group', { name: 'Form' });

  await form.getByRole('button', { name: 'Add a field' }).click();
  await form.getByRole('textbox', { name: 'Name' }).fill('city');
  await page.getByRole('button', { name: 'Save', exact: true }).click();

  const link = page.getByRole('link', { name: 'Open form page' });
  await expect(link).toHaveAttribute('href', `/form/${flow}`);
  await page.goto(`/form/${flow}`);
  await page.getByRole('textbox', { name: 'city' }).fill('Lyon');
  await page.getByRole('button', { name: 'Submit' }).click();
  await expect(page.getByRole('region', { name: 'State' })).toContainText('Lyon');
});

import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

test('every page and the settings pass the accessibility rules in light and dark colours', async ({ page, api }) => {
  const flow = await api.flowNamed('Retries run out');
  const failed = await api.run(flow);
  const researched = await api.run(await api.flowNamed('Research agent'), { vendor: 'ACME', order_value: 10 });
  await api.reaches(failed, 'failed');
  await api.reaches(researched, 'completed');
  const pages = [
    { address: '/flows', shows: 'Two checks in parallel' },
    { address: '/executions', shows: 'Retries run out' },
    { address: `/executions/${failed}`, shows: 'Submit the order' },
    { address: `/executions/${failed}?node=submit`, shows: 'Attempts' },
    { address: `/executions/${researched}?node=research`, shows: 'find_company' },
    { address: '/approvals', shows: 'order_credit_report' },
    { address: '/failures', shows: 'Failure' },
    { address: '/analytics', shows: 'Retries run out' },
    { address: '/analytics/costs', shows: 'Research agent' },
    { address: '/agents', shows: 'Agents' },
    { address: `/flows/${flow}`, shows: 'Submit the order' },
  ];

  for (const { address, shows } of pages) {
    await page.goto(address);
    await expect(page.getByRole('main').getByText(shows).first()).toBeVisible();
    await passes(page, address);
  }
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByRole('dialog', { name: 'Flow settings' }).getByText('What this means')).toBeVisible();
  await passes(page, 'the settings');
});

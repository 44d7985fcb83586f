import { expect, test } from '../support/test.ts';

/** Would run, load or restyle something if it were interpreted as markup. */
const MARKUP = '<img src="x" onerror="hacked=1"><script>hacked=1</script><style>body{display:none}</style>';
/** A reversed reading direction, a hidden space, a bell, an emoji and a noncharacter. */
const ODD = 'a\u202Eb\u200Bc\u0007d\u{1F9E8}\uFFFEe\u0301';

test('the output of a node is shown as text, whatever it contains', async ({ page, api }) => {
  const dialogs: string[] = [];
  page.on('dialog', async (dialog) => {
    dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  const flow = await api.createFlow({
    name: MARKUP.slice(0, 60),
    description: MARKUP,
    flow_definition: {
      nodes: [
        { id: 'shape', name: MARKUP, type: 'action', action: 'transform', input: '${trigger_data}' },
        { id: 'fail', name: 'Fail', type: 'action', action: 'fail', input: { message: MARKUP } },
      ],
      edges: [{ from: 'shape', to: 'fail' }],
    },
  });
  const execution = await api.run(flow, { markup: MARKUP, odd: ODD, long: 'x'.repeat(1_000_000), link: 'javascript:hacked=1' });
  await api.reaches(execution, 'failed');

  await page.goto(`/executions/${execution}?node=shape`);
  await expect(page.getByRole('region', { name: 'Why it failed' })).toContainText(MARKUP);
  await page.getByRole('tab', { name: 'Data' }).click();
  const data = page.getByRole('tabpanel', { name: 'Data' });
  await expect(data).toContainText(JSON.stringify(MARKUP));
  await expect(data.getByText('1.0 MB').first()).toBeVisible();
  await page.getByRole('tab', { name: 'Events' }).click();
  await expect(page.getByRole('tabpanel', { name: 'Events' })).toContainText('Attempt 1 failed');
  for (const address of ['/flows', '/executions', `/flows/${flow}`]) {
    await page.goto(address);
    await expect(page.getByText(MARKUP.slice(0, 60)).first()).toBeVisible();
  }

  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
  await expect(page.locator('img[src="x"], a[href^="javascript"]')).toHaveCount(0);
  expect(dialogs).toEqual([]);
});

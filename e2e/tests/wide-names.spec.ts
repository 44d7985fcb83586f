import { expect, test } from '../support/test.ts';

/** Is read from right to left, and so would be what is between it and another one. */
const RIGHT_TO_LEFT = 'שם ארוך';
/** Has no place to break. */
const WIDE = 'w'.repeat(180);

const fails = (name: string) => ({
  name,
  description: name,
  category: name.slice(0, 60),
  tags: [name.slice(0, 60)],
  flow_definition: {
    nodes: [{ id: 'only', name, type: 'action', action: 'fail', input: { message: name } }],
    edges: [],
  },
});

test.use({ demo: false });

const WIDE_PAGE = 1440;

for (const width of [WIDE_PAGE, 390]) {
  test(`words wider than a page of ${width} pixels do not widen it`, async ({ page, api }) => {
    await page.setViewportSize({ width, height: 900 });
    const execution = await api.run(await api.createFlow(fails(WIDE)));
    await api.reaches(execution, 'failed');
    for (const address of ['/flows', '/executions', `/executions/${execution}?node=only`, '/failures', '/analytics']) {
      await page.goto(address);
      await expect(page.getByText(WIDE).filter({ visible: true }).first()).toBeVisible();
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(excess, address).toBe(0);
    }
  });
}

test('wide names do not cover the other columns', async ({ page, api }) => {
  await api.createAgent(WIDE.slice(0, 100));
  await api.reaches(await api.run(await api.createFlow(fails(WIDE))), 'failed');
  await page.goto('/failures');
  const name = await page.locator('bdi').filter({ hasText: WIDE }).first().boundingBox();
  const count = await page.getByRole('row').nth(1).getByRole('cell').nth(1).boundingBox();
  expect((name?.x ?? 0) + (name?.width ?? WIDE_PAGE)).toBeLessThanOrEqual(count?.x ?? 0);

  await page.goto('/agents');
  await expect(page.getByRole('columnheader', { name: 'Last called' })).toBeInViewport({ ratio: 1 });
});

test('a name that is read from right to left does not reverse the order of names', async ({ page, api }) => {
  const execution = await api.run(await api.createFlow(fails(RIGHT_TO_LEFT)));
  await api.reaches(execution, 'failed');
  await page.goto('/failures');
  const names = page.locator('bdi').filter({ hasText: RIGHT_TO_LEFT });
  await expect(names).toHaveCount(2);
  const [flow, node] = await Promise.all([names.first().boundingBox(), names.last().boundingBox()]);
  expect((flow?.x ?? WIDE_PAGE) + (flow?.width ?? 0)).toBeLessThan(node?.x ?? 0);
});

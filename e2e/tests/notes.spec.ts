import type { Locator } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

test('notes and groups are written, moved with what is in them, and kept', async ({ page, api }) => {
  const start = { id: 'start', name: 'Start', type: 'trigger', position: { x: 0, y: 0 } };
  const wait = { id: 'wait', name: 'Wait', type: 'delay', delay_seconds: 1, position: { x: 260, y: 0 } };
  const flow = await api.createFlow({
    name: 'Annotated',
    flow_definition: { nodes: [start, wait], edges: [{ from: 'start', to: 'wait' }] },
  });
  await page.goto(`/flows/${flow}`);
  const canvas = page.getByLabel('Flow canvas');
  const nodes = canvas.locator('.react-flow__node-flow-node');
  await expect(nodes).toHaveCount(2);

  await page.keyboard.press('n');
  await page.keyboard.type('Slow on Mondays');
  const note = canvas.getByRole('group', { name: 'note: Slow on Mondays' });
  await expect(note).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(note).toBeFocused();
  const before = await boxOf(note);
  await page.keyboard.press('Alt+ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect.poll(async () => (await boxOf(note)).width).toBeGreaterThan(before.width);
  expect((await boxOf(note)).y).toBeGreaterThan(before.y);
  await page.getByRole('button', { name: 'Red', exact: true }).click();

  await nodes.first().click();
  await nodes.nth(1).click({ modifiers: ['Shift'] });
  await page.keyboard.press('Shift+g');
  await page.keyboard.type('Checks');
  const group = canvas.getByRole('group', { name: 'group: Checks' });
  await expect(group).toBeVisible();
  await passes(page, 'a canvas with a note and a group');

  const [node, frame] = [await boxOf(nodes.first()), await boxOf(group)];
  await page.mouse.move(frame.x + frame.width - 40, frame.y + 16);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width + 20, frame.y + 76, { steps: 5 });
  await page.mouse.up();
  const moved = await boxOf(nodes.first());
  expect([moved.x > node.x + 30, moved.y > node.y + 30]).toEqual([true, true]);
  await page.getByRole('button', { name: 'Select what is in it' }).click();
  await expect(canvas.locator('.react-flow__node-flow-node.selected')).toHaveCount(2);

  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2')).toBeVisible();
  const { ui } = (await api.flow(flow)).flow_definition as { ui: { notes: object[]; groups: object[] } };
  expect(ui).toMatchObject({
    notes: [{ text: 'Slow on Mondays', tone: 'danger' }],
    groups: [{ title: 'Checks', tone: 'neutral' }],
  });
  await page.reload();
  await expect(group).toBeVisible();
  await note.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Delete');
  await expect(note).toBeHidden();
  await page.keyboard.press('Control+z');
  await expect(note).toBeVisible();
});

async function boxOf(what: Locator) {
  const box = await what.boundingBox();
  if (!box) throw new Error('It is not on the page.');
  return box;
}

import type { Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';

/** Numbers that JavaScript would change and keys that it would move, as members of an object. */
const NUMBERS =
  '"id":1234567890123456789,"price":19.90,"whole":1.0,"zero":-0,"power":1E+2,"wide":340282366920938463463374607431768211456,' +
  '"long":3.14159265358979323846264338327950288,"list":[0.10,{"inner":-1.50e-7}],"keys":{"10":1,"b":2,"9":3}';

/** The same as a text that people read. */
const LAID_OUT = `{
  "id": 1234567890123456789,
  "price": 19.90,
  "whole": 1.0,
  "zero": -0,
  "power": 1E+2,
  "wide": 340282366920938463463374607431768211456,
  "long": 3.14159265358979323846264338327950288,
  "list": [
    0.10,
    {
      "inner": -1.50e-7
    }
  ],
  "keys": {
    "10": 1,
    "b": 2,
    "9": 3
  }
}`;

const SETTINGS = '"name":"Exact","retry_on_failure":true,"retry_count":2';

const NODES = [
  `{"id":"constants","name":"Constants","type":"action","action":"transform","input":{${NUMBERS}},` +
    '"retry":{"enabled":true,"count":2,"initial_interval_seconds":1.50,"jitter":0.10},"timeout_seconds":30.0,' +
    `"example":{${NUMBERS}},"position":{"x":100.0,"y":1.2E+2}}`,
  '{"id":"passed","name":"Passed","type":"action","action":"echo","input":"${trigger_data}","position":{"x":400,"y":120}}',
];
const EDGE = '{"from":"constants","to":"passed","condition":{"type":"equals","field":"constants.price","value":19.90}}';
const DOCUMENT = `{${SETTINGS},"flow_definition":{"nodes":[${NODES.join(',')}],"edges":[${EDGE}]}}`;

/** A part of a document as the server keeps it: with the exponent's letter in lower case. */
const stored = (text: string) => text.replaceAll(/(?<=\d)E/g, 'e');

test.use({ demo: false, permissions: ['clipboard-read', 'clipboard-write'] });

test('a moved node changes its position in the document and nothing else', async ({ page, api }) => {
  const flow = await api.createFlowText(DOCUMENT);
  const before = await api.flowText(flow);
  for (const part of [...NODES, EDGE]) expect(before).toContain(stored(part));

  await page.goto(`/flows/${flow}`);
  await expect(page.getByText('No problems')).toBeVisible();
  await move(page, 'Passed');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version 2')).toBeVisible();

  const after = await api.flowText(flow);
  expect(after).not.toContain('"position":{"x":400,"y":120}');
  const moved = /"input":"\$\{trigger_data\}","position":\{"x":-?\d+,"y":-?\d+\}/;
  const documentIn = (text: string) => text.slice(text.indexOf('"name":')).replace(moved, '"moved"');
  expect(documentIn(after)).toBe(documentIn(before));
});

test('a number is edited as text and the others stay', async ({ page, api }) => {
  const flow = await api.createFlowText(DOCUMENT);
  await page.goto(`/flows/${flow}`);
  await nodeOf(page, 'Constants').click();

  const timeout = page.getByRole('textbox', { name: 'Timeout' });
  await expect(timeout).toHaveValue('30.0');
  await timeout.fill('2.50');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as version 2')).toBeVisible();

  const edited = stored(NODES[0] ?? '').replace('"timeout_seconds":30.0', '"timeout_seconds":2.50');
  expect(await api.flowText(flow)).toContain(edited);
});

test('the input of the last run starts another with the same digits', async ({ page, api }) => {
  const flow = await api.createFlowText(DOCUMENT);
  await api.reaches(await api.runText(flow, `{${NUMBERS}}`), 'completed');

  await page.goto(`/flows/${flow}`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Use last input' }).click();
  await dialog.getByRole('button', { name: 'Run now' }).click();
  await expect(page).toHaveURL(/\/executions\//);
  const execution = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await api.reaches(execution, 'completed');
  const text = await api.executionText(execution);
  expect(text).toContain(`"trigger_data":{${NUMBERS}}`);

  await page.getByRole('tab', { name: 'Data' }).click();
  const trigger = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Trigger data' }) });
  for (const digits of NUMBERS.match(/(?<=[:[])-?\d[\d.eE+-]*/g) ?? []) await expect(trigger).toContainText(digits);
  await expect(trigger).toContainText('"id": 1234567890123456789,');
  await trigger.getByRole('button', { name: 'Copy' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(LAID_OUT);
});

test('a node is tested with the digits of the last run', async ({ page, api }) => {
  const flow = await api.createFlowText(DOCUMENT);
  await api.reaches(await api.runText(flow, `{${NUMBERS}}`), 'completed');
  await page.goto(`/flows/${flow}`);
  await nodeOf(page, 'Passed').click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('button', { name: 'Show the input' }).click();
  await expect(details.getByRole('region', { name: 'Trigger data' })).toContainText('1234567890123456789');

  const sent = page.waitForRequest((request) => request.url().endsWith('/test-node'));
  await details.getByRole('button', { name: 'Test', exact: true }).click();

  expect((await sent).postData()).toContain(`"trigger_data":{${NUMBERS}}`);
  await expect(details.getByRole('group', { name: 'Succeeded' })).toBeVisible();
  const output = details.getByRole('region', { name: 'Output', exact: true });
  await output.getByRole('button', { name: 'Copy' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(LAID_OUT);
});

function nodeOf(page: Page, name: string) {
  return page.locator('.react-flow__node').filter({ hasText: name });
}

/** Drags a node as a hand does, once the canvas rests: hovering waits until the node is where the pointer goes. */
async function move(page: Page, name: string): Promise<void> {
  const node = nodeOf(page, name);
  await node.hover();
  const box = await node.boundingBox();
  if (!box) throw new Error(`${name} is not on the canvas`);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.down();
  await page.mouse.move(x + 90, y + 60, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByRole('button', { name: /^Undo/ })).toBeEnabled();
}

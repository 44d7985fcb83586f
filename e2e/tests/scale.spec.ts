/** What the studio guarantees at scale: 10,000 executions in its list, 300 nodes in a flow, little to load at first. */
import type { Locator, Page } from '@playwright/test';
import type { Api } from '../support/api.ts';
import { single, wide } from '../support/flows.ts';
import { type Figures, measured } from '../support/frames.ts';
import { startPeer } from '../support/peer.ts';
import { expect, test } from '../support/test.ts';

const MANY = 10_000;
const PAGE = 100;
/** How high a row of the list is. */
const HEIGHT = 44;
const TWENTY_FOR_FIVE_SECONDS = 100;

type Act = () => Promise<void>;

/** How many tasks may be longer than it says: so many of the frames, or so many in all where there are few frames. */
interface Limit {
  tasks: 'over50' | 'over100';
  share: number;
  atLeast: number;
}

/** At least 19 of 20 frames compute for less than 50 ms. */
const FLUID: Limit = { tasks: 'over50', share: 0.05, atLeast: 5 };
/**
 * Nine of ten frames compute for less than 100 ms, where most of it is the browser's own painting of 300 nodes: without a GPU and
 * on two slow cores that takes 90 to 130 ms now and then.
 */
const STEADY: Limit = { tasks: 'over100', share: 0.1, atLeast: 4 };

test('a list of 10,000 executions scrolls and keeps its position while twenty a second change', async ({
  page,
  api,
}) => {
  test.setTimeout(180_000);
  const peer = await startPeer([{ status: 503, body: 'not now' }]);
  const fast = await api.createFlow(single('Fast', { type: 'action', action: 'echo', input: {} }));
  const slow = await api.createFlow(single('Slow', { type: 'delay', delay_seconds: 1 }));
  const retry = { enabled: true, count: 1, initial_interval_seconds: 1 };
  const calls = { type: 'action', action: 'http_request', input: { url: peer.url }, retry };
  const shaky = await api.createFlow(single('Shaky', calls));
  await api.runMany(fast, MANY);
  await page.goto('/executions');
  const table = page.getByRole('table', { name: 'Executions' });
  await expect(table.getByRole('link', { name: 'Fast' }).first()).toBeVisible();
  await table.hover();

  await measured(page, `loading ${MANY} rows by the wheel`, async () => {
    for (let rows = PAGE; rows < MANY; rows += PAGE) {
      const loaded = `${rows.toLocaleString('en')} loaded. Scroll for more`;
      // A wheel may turn while the list is not as long yet as it will be.
      await expect(async () => {
        await page.mouse.wheel(0, HEIGHT * PAGE);
        // Looked at in each frame: assertions look again after 100 ms, which would be most of the time.
        await page.waitForFunction((text) => !document.body.textContent?.includes(text), loaded, { timeout: 2_000 });
      }).toPass();
    }
  });
  await page.mouse.wheel(0, (-HEIGHT * MANY) / 2);
  let changes = 0;
  await isSmooth(page, FLUID, 'scrolling and reading while executions change', async () => {
    changes += TWENTY_FOR_FIVE_SECONDS;
    const started = startTwentyASecond(api, [fast, slow, shaky]);
    for (let step = 0; step < 100; step += 1) {
      await page.mouse.wheel(0, step % 20 < 10 ? 120 : -120);
      await nextFrame(page);
    }
    const read = table.getByRole('row').nth(20);
    const place = await placeOf(page, read);
    await started;
    await expect(page.getByRole('button', { name: `${changes} new executions` })).toBeVisible();
    await expect.poll(() => read.boundingBox()).toEqual(place);
  });

  // Only the visible rows are rendered, and a few around them.
  expect(await table.getByRole('row').count()).toBeLessThan(80);
  peer.close();
});

test('a flow of 300 nodes is edited without stalls', async ({ page, api }) => {
  test.setTimeout(240_000);
  const flow = await api.createFlow(wide('Wide', 300));
  await page.goto(`/flows/${flow}`);
  const canvas = page.getByLabel('Flow canvas');
  await expect(canvas.getByRole('group', { name: /^Lane / })).toHaveCount(298);
  await expect(page.getByText('No problems')).toBeVisible();
  const frame = boxOf(await canvas.boundingBox());
  const below = { x: frame.x + frame.width / 2, y: frame.y + frame.height * 0.8 };

  let way = -1;
  await isSmooth(page, FLUID, 'panning and zooming over 300 nodes', async () => {
    way = -way;
    await drag(page, below, { x: below.x + way * 200, y: below.y - way * 100 });
    for (let step = 0; step < 16; step += 1) {
      await page.mouse.wheel(0, step < 8 ? -100 : 100);
      await nextFrame(page);
    }
  });
  const node = canvas.getByRole('group', { name: 'Lane 5 step 6, delay' });
  const undo = page.getByRole('button', { name: /^Undo/ });
  const undoAll = async () => {
    while (await undo.isEnabled()) await page.keyboard.press('Control+z');
  };
  const dragNode = async () => {
    const place = boxOf(await placeOf(page, node));
    await drag(page, middleOf(place), { x: middleOf(place).x, y: frame.y + frame.height * 0.9 });
    expect(await placeOf(page, node)).not.toEqual(place);
  };
  await isSmooth(page, STEADY, 'dragging one of 300 nodes', dragNode, undoAll);
  // A node that is dragged is not selected: nothing beside the canvas opens under the hand.
  await node.click();
  const name = page.getByRole('complementary').getByLabel('Name', { exact: true });
  await isSmooth(page, STEADY, 'typing while 300 nodes are checked', async () => {
    await name.fill('');
    await name.pressSequentially('Waits until the others have had their turn', { delay: 20 });
    await expect(page.getByText('No problems')).toBeVisible();
  });
  await isSmooth(page, STEADY, 'undoing and redoing over 300 nodes', async () => {
    await canvas.click({ position: { x: 200, y: 100 } });
    await undoAll();
    await page.keyboard.press('Control+Shift+z');
  });
});

test('an execution of 300 nodes is followed without stalls', async ({ page, api }) => {
  const flow = await api.createFlow(wide('Wide', 300));

  let execution = '';
  const open = async () => {
    execution = await api.run(flow);
    await page.goto(`/executions/${execution}`);
    await expect(page.getByRole('option')).toHaveCount(300);
    await expect(page.getByRole('region', { name: /^Graph of the flow/ }).getByText(/^Lane /).first()).toBeVisible();
  };
  const watch = async () => {
    // Polling the server does not disturb the page.
    await api.reaches(execution, 'completed');
    await expect(page.getByRole('main').getByText('Completed', { exact: true }).first()).toBeVisible();
  };
  await isSmooth(page, FLUID, 'watching 300 nodes run', watch, open);
});

test('the first page is small, cached by the browser, and loads within a second', async ({ page, request }) => {
  const loaded = await transfers(page);
  await page.goto('/flows');
  await expect(page.getByRole('button', { name: 'Run now: Transient failure recovers' })).toBeVisible();
  const first = loaded();

  await page.reload();
  await expect(page.getByRole('button', { name: 'Run now: Transient failure recovers' })).toBeVisible();
  const again = loaded();
  const usable = Math.min(await timeOfFirstVisit(page), await timeOfFirstVisit(page), await timeOfFirstVisit(page));

  console.log(`    /flows: ${first.files} scripts and styles in ${first.bytes} bytes, usable after ${usable.toFixed(0)} ms`);
  // What it has today and a tenth: what grows it is loaded when it is needed.
  expect(first.bytes).toBeLessThan(340_000);
  expect(again.bytes, 'what is loaded a second time').toBe(0);
  expect(usable, 'a second, with room for a machine that does much else').toBeLessThan(4_000);
  const html = await request.get('/flows');
  expect(html.headers()).toMatchObject({ 'cache-control': 'no-cache', 'content-encoding': 'gzip' });
  const script = /src="(\/assets\/[^"]+-[\w-]{8}\.js)"/.exec(await html.text())?.[1] ?? '';
  const kept = { 'cache-control': 'public, max-age=31536000, immutable', 'content-encoding': 'gzip' };
  expect((await request.get(script)).headers()).toMatchObject(kept);
});

/** Starts twenty executions a second, for five seconds. */
async function startTwentyASecond(api: Api, flows: readonly string[]): Promise<void> {
  const began = performance.now();
  for (let started = 0; started < TWENTY_FOR_FIVE_SECONDS; started += 1) {
    await api.run(flows[started % flows.length] ?? '');
    await new Promise((due) => setTimeout(due, began + started * 50 - performance.now()));
  }
}

/** The time that a first visit takes to show the flows, from the address to a working button. */
async function timeOfFirstVisit(page: Page): Promise<number> {
  const context = await page.context().browser()?.newContext();
  const visit = await context?.newPage();
  const began = performance.now();
  await visit?.goto(page.url());
  await visit?.getByRole('button', { name: 'Run now: Transient failure recovers' }).waitFor();
  const took = performance.now() - began;
  await context?.close();
  return took;
}

/** Counts the scripts and styles that come over the wire; each call of the returned function restarts the count. */
async function transfers(page: Page): Promise<() => { files: number; bytes: number }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const wanted = new Set<string>();
  let sizes: number[] = [];
  devtools.on('Network.responseReceived', ({ requestId, type, response }) => {
    const isKept = response.fromDiskCache === true || response.fromPrefetchCache === true;
    if ((type === 'Script' || type === 'Stylesheet') && !isKept) wanted.add(requestId);
  });
  devtools.on('Network.requestServedFromCache', ({ requestId }) => wanted.delete(requestId));
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (wanted.delete(requestId)) sizes.push(encodedDataLength);
  });
  return () => {
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const files = sizes.length;
    sizes = [];
    return { files, bytes };
  };
}

interface Point {
  x: number;
  y: number;
}

type Box = Point & { width: number; height: number };

function boxOf(box: Box | null): Box {
  if (!box) throw new Error('It is not visible.');
  return box;
}

function middleOf({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** Drags as a hand does: a small move in each frame. */
async function drag(page: Page, from: Point, to: Point): Promise<void> {
  const steps = 16;
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  for (let step = 1; step <= steps; step += 1) {
    const part = step / steps;
    await page.mouse.move(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part);
    await nextFrame(page);
  }
  await page.mouse.up();
}

async function nextFrame(page: Page): Promise<void> {
  await page.evaluate(() => new Promise(requestAnimationFrame));
}

/**
 * Checks that the page keeps within `limit` while `act` runs, and that the layout does not shift. What exceeds it is measured
 * again, up to twice: what else the machine does only ever adds to it, and what the page itself costs is there each time.
 */
async function isSmooth(page: Page, limit: Limit, what: string, act: Act, prepare: Act = async () => {}): Promise<void> {
  const measure = async () => {
    await prepare();
    return measured(page, what, act);
  };
  const most = ({ frames }: Figures) => Math.max(limit.atLeast, frames * limit.share);
  let figures = await measure();
  for (let again = 0; again < 2 && figures[limit.tasks] > most(figures); again += 1) figures = await measure();
  expect.soft(figures[limit.tasks], `${what}: tasks ${limit.tasks} ms`).toBeLessThanOrEqual(most(figures));
  expect.soft(figures.shift, `${what}: layout shift`).toBeLessThan(0.01);
}

/** Returns where `locator` is, once it is there in two frames: a turn of the wheel has its effect in later frames. */
async function placeOf(page: Page, locator: Locator): ReturnType<Locator['boundingBox']> {
  let place = await locator.boundingBox();
  await expect(async () => {
    await nextFrame(page);
    const before = place;
    place = await locator.boundingBox();
    expect(place).toEqual(before);
  }).toPass();
  return place;
}

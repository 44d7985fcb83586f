/** Every page in every state: loading, empty, refused, and without a server. */
import type { Page, Route } from '@playwright/test';
import type { Api } from '../support/api.ts';
import { single } from '../support/flows.ts';
import { expect, test } from '../support/test.ts';

interface Ids {
  flow: string;
  execution: string;
}

interface Screen {
  name: string;
  address: (ids: Ids) => string;
  /** The page's first request. */
  asks: RegExp;
  /** Part of the response that the page shows. */
  shows: string;
}

const SCREENS: readonly Screen[] = [
  { name: 'flows', address: () => '/flows', asks: /\/studio\/flows\?/, shows: 'Books it' },
  { name: 'editor', address: ({ flow }) => `/flows/${flow}`, asks: /\/studio\/flows\/[^/?]+$/, shows: 'No problems' },
  { name: 'executions', address: () => '/executions', asks: /\/studio\/executions\?/, shows: 'Books it' },
  {
    name: 'execution',
    address: ({ execution }) => `/executions/${execution}`,
    asks: /\/studio\/executions\/[^/?]+$/,
    shows: 'The ledger is closed',
  },
  { name: 'failures', address: () => '/failures', asks: /\/studio\/failures/, shows: 'The ledger is closed' },
  { name: 'analytics', address: () => '/analytics', asks: /\/studio\/analytics/, shows: 'First attempt' },
  { name: 'agents', address: () => '/agents', asks: /\/studio\/agents/, shows: 'Clerk' },
];

const PROBLEM = {
  type: '/problems#internal',
  title: 'Something went wrong inside',
  status: 500,
  detail: 'The store did not answer. Look into the log of the server.',
};

for (const screen of SCREENS) {
  test(`${screen.name}: loading, error and offline states are shown, and recovery from them`, async ({
    page,
    api,
    complaints,
  }) => {
    complaints.expect(/status of 500|net::ERR_CONNECTION_REFUSED/);
    const address = screen.address(await somethingToShow(api));
    const shown = page.getByRole('main').getByText(screen.shows).first();

    await test.step('waiting', async () => {
      const release = await hold(page, screen.asks);
      await page.goto(address);
      await expect(page.getByRole('main').getByRole('status').filter({ hasText: 'Loading…' }).first()).toBeVisible();
      await expect(shown).toBeHidden();
      release();
      await expect(shown).toBeVisible();
    });

    await test.step('a fault', async () => {
      const fail = (route: Route) =>
        route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(PROBLEM) });
      await page.route(screen.asks, fail);
      await page.reload();
      const problem = page.getByRole('alert').filter({ hasText: PROBLEM.title });
      await expect(problem).toContainText(PROBLEM.detail);
      const again = problem.getByRole('button', { name: 'Try again' });
      await expect(again).toBeVisible();
      await page.unroute(screen.asks, fail);
      // What is live asks again by itself, and may do so first.
      await Promise.race([again.click().catch(() => undefined), shown.waitFor()]);
      await expect(shown).toBeVisible();
      await expect(problem).toBeHidden();
    });

    await test.step('no server', async () => {
      const cut = (route: Route) => route.abort('connectionrefused');
      await page.route('**/api/**', cut);
      await page.reload();
      const banner = page.getByRole('status').filter({ hasText: 'The server cannot be reached.' });
      await expect(banner).toBeVisible();
      await expect(page.getByRole('alert').filter({ hasText: 'The server cannot be reached' }).first()).toBeVisible();
      await page.unroute('**/api/**', cut);
      await expect(banner).toBeHidden();
      await expect(shown).toBeVisible();
    });
  });
}

test.describe('on an empty server', () => {
  test.use({ demo: false });

  test('every page explains its empty state and how to start', async ({ page, api }) => {
    const empty = [
      { address: '/flows', says: 'No flows yet', offers: 'New flow' },
      { address: '/executions', says: 'No executions yet', offers: 'Go to flows' },
      { address: '/failures', says: 'No failures', offers: null },
      { address: '/analytics', says: 'No finished runs in this period', offers: null },
      { address: '/agents', says: 'No agents yet', offers: 'New agent' },
    ];
    for (const { address, says, offers } of empty) {
      await page.goto(address);
      const main = page.getByRole('main');
      await expect(main.getByText(says)).toBeVisible();
      if (offers) await expect(main.getByText(offers).last()).toBeVisible();
    }

    const flow = await api.createFlow(single('Bare', { type: 'action', action: 'echo', input: {} }));
    await page.goto(`/flows/${flow}`);
    await page.getByRole('group', { name: /^only, / }).click();
    await page.keyboard.press('Delete');
    await expect(page.getByText('Start with one node')).toBeVisible();
  });

  test('missing pages and failed pages are distinguished', async ({ page, complaints }) => {
    complaints.expect(/status of 404/);
    const gone = [
      { address: '/flows/01900000-0000-7000-8000-0000000000ff', says: 'Flow not found', leads: 'Go to flows' },
      {
        address: '/executions/01900000-0000-7000-8000-0000000000ff',
        says: 'Execution not found',
        leads: 'Go to executions',
      },
      { address: '/nowhere', says: 'Page not found', leads: 'Go to executions' },
    ];
    for (const { address, says, leads } of gone) {
      await page.goto(address);
      await expect(page.getByRole('main').getByText(says)).toBeVisible();
      await page.getByRole('link', { name: leads }).click();
      await expect(page).toHaveURL(leads === 'Go to flows' ? /\/flows$/ : /\/executions$/);
    }
  });
});

/** A flow that failed, and an agent. */
async function somethingToShow(api: Api): Promise<Ids> {
  const fails = { type: 'action', action: 'fail', input: { message: 'The ledger is closed' } };
  const flow = await api.createFlow(single('Books it', fails));
  const execution = await api.run(flow);
  await api.reaches(execution, 'failed');
  await api.createAgent('Clerk');
  return { flow, execution };
}

/** Holds requests back; the returned function releases these and all later ones. */
async function hold(page: Page, asks: RegExp): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  await page.route(asks, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

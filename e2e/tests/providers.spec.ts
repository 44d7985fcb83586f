import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { passes } from '../support/accessible.ts';
import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

const ROOT = resolve(import.meta.dirname, '../..');

/** Starts a real provider; returns its address, and what ends it. */
async function provider(): Promise<{ url: string; end: () => void }> {
  const started = join(ROOT, 'crates/blackbox/src/node_server.mjs');
  const program = join(ROOT, 'e2e/support/openid-provider.mjs');
  const child = spawn('node', [started, program], { stdio: ['pipe', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^PORT (\d+)$/.exec(line)?.[1];
    if (port) return { url: `http://127.0.0.1:${port}`, end: () => void child.kill() };
  }
  throw new Error('The provider did not start.');
}

test('the first admin joins at a provider, signs out, and comes back to the page where they were', async ({
  page,
  complaints,
}) => {
  complaints.expect(/status of 401/);
  const folder = await mkdtemp(join(tmpdir(), 'steadflow-e2e-'));
  const { url, end } = await provider();
  const settings = join(folder, 'steadflow.toml');
  await writeFile(join(folder, 'secret'), 's:ecret');
  await writeFile(
    settings,
    `auth = "on"\negress_allow = ["127.0.0.1"]\npassword_sign_in = false\n[[oidc]]\nid = "example"\nlabel = "Example"\n` +
      `issuer = "${url}"\nclient_id = "steadflow"\nclient_secret_file = "${join(folder, 'secret')}"\n`,
  );
  const server = await Server.start(['--config', settings, '--auth', 'on']);
  try {
    await page.goto(server.joinUrl ?? '');
    await page.getByRole('button', { name: 'Continue with Example' }).click();
    await page.getByLabel('Login').fill('ann');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page).toHaveURL(`${server.url}/flows`);
    await expect(page.getByRole('button', { name: 'Account of Ann Example' })).toBeVisible();

    await page.goto(`${server.url}/account`);
    const ways = page.getByRole('region', { name: 'How you sign in' });
    await expect(ways).toContainText('Example');
    await expect(page.getByLabel('Current password')).toHaveCount(0);
    await page.getByRole('button', { name: 'Account of Ann Example' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.goto(`${server.url}/members`);
    await passes(page, 'the page to sign in with a provider');
    await expect(page.getByLabel(/^Password/)).toHaveCount(0);
    // They are still signed in at the provider, which sends them back at once.
    await page.getByRole('button', { name: 'Sign in with Example' }).click();
    await expect(page).toHaveURL(`${server.url}/members`);
    await expect(page.getByRole('heading', { name: 'Members' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Members' })).toBeVisible();

    // What comes back from nowhere signs nobody in, and says nothing of its own.
    await page.goto(`${server.url}/sign-in/example?error=%3Cb%3EYou+won&state=x`);
    await expect(page.getByRole('heading', { name: 'You were not signed in' })).toBeVisible();
    await expect(page.locator('body')).not.toContainText('You won');
    await passes(page, 'a sign-in at a provider that was refused');
  } finally {
    await server.dispose();
    end();
    await rm(folder, { recursive: true, force: true });
  }
});

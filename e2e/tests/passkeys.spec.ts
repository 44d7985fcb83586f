import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { passes } from '../support/accessible.ts';
import { firstAdmin } from '../support/people.ts';
import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.use({ demo: false });

/** Returns a port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('somebody adds a passkey, signs in with it by the keyboard alone, and deletes it', async ({ page, complaints }) => {
  complaints.expect(/status of 401/);
  const port = await freePort();
  // Passkeys are for names, and an address is none.
  const flags = ['--auth', 'on', '--public-url', `http://localhost:${port}`];
  const server = await Server.start(flags, `127.0.0.1:${port}`);
  try {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const;
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...options, isUserVerified: true, automaticPresenceSimulation: true },
    });
    await firstAdmin(page, server);

    await page.goto(`http://localhost:${port}/account`);
    const passkeys = page.getByRole('region', { name: 'Passkeys' });
    await passkeys.getByLabel('Name of the passkey').fill('My phone');
    await passkeys.getByRole('button', { name: 'Add a passkey' }).click();
    await expect(passkeys.getByText('My phone')).toBeVisible();
    await passes(page, 'the account of somebody with a passkey');
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials.map(({ rpId, isResidentCredential }) => [rpId, isResidentCredential])).toEqual([['localhost', true]]);

    await page.getByRole('button', { name: 'Account of Ann' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    const enter = page.getByRole('button', { name: 'Sign in with a passkey' });
    await expect(enter).toBeVisible();
    // Without a verified person, nobody is let in.
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    // It can be tried again once the first attempt, which begins with a question to the server, has ended.
    const asked = page.waitForResponse((response) => response.url().endsWith('/session/passkey'));
    await enter.click();
    await asked;
    await expect(enter).toBeEnabled();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await enter.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeHidden();
    await expect(page).toHaveURL(/\/account$/);

    const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await passkeys.getByRole('button', { name: 'Delete the passkey My phone' }).click();
    expect((await deleted).status()).toBe(204);
    await expect(passkeys.getByText('My phone')).toBeHidden();
    // Nothing is under way when the server goes.
    await page.goto('about:blank');
  } finally {
    await server.dispose();
  }
});

/** `test` with a separate server for each test, and a browser that must not report errors. */
import { test as base, expect } from '@playwright/test';
import { Api } from './api.ts';
import { Complaints } from './complaints.ts';
import { Server } from './server.ts';

interface Options {
  /** Whether the server starts with the example flows; without them it is empty. */
  demo: boolean;
  /** Whether people sign in. */
  auth: boolean;
}

interface Fixtures {
  server: Server;
  api: Api;
  complaints: Complaints;
}

export const test = base.extend<Options & Fixtures>({
  demo: [true, { option: true }],
  auth: [false, { option: true }],
  server: async ({ demo, auth }, use) => {
    // Both may call the peers of tests.
    const flags = demo ? ['--demo'] : ['--egress-allow', '127.0.0.1'];
    const server = await Server.start(auth ? [...flags, '--auth', 'on'] : flags);
    await use(server);
    await server.dispose();
  },
  baseURL: async ({ server }, use) => use(server.url),
  api: async ({ server }, use) => use(new Api(server.url)),
  complaints: [
    async ({ page }, use) => {
      const complaints = await Complaints.of(page);
      await use(complaints);
      expect(complaints.unexpected(), 'what the browser complained about').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

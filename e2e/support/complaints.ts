/** What a browser reports while a test runs: console errors, uncaught errors and CSP violations. */
import type { Page } from '@playwright/test';

export class Complaints {
  readonly #all: string[] = [];
  readonly #expected: RegExp[] = [];

  static async of(page: Page): Promise<Complaints> {
    const complaints = new Complaints();
    page.on('pageerror', (error) => complaints.#all.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.#all.push(`console: ${message.text()} (${message.location().url})`);
    });
    await page.exposeFunction('reportBreach', (breach: string) => complaints.#all.push(`CSP: ${breach}`));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const { reportBreach } = globalThis as unknown as { reportBreach: (breach: string) => void };
        reportBreach(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    return complaints;
  }

  /** Ignores complaints that the test causes itself, such as an unreachable server. */
  expect(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  unexpected(): string[] {
    return this.#all.filter((complaint) => !this.#expected.some((pattern) => pattern.test(complaint)));
  }
}

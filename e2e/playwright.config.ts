import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';

// What takes times runs with nothing beside it, in the browser that people use.
const MEASURED = ['scale.spec.ts', 'large-values.spec.ts'];

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
// Tests run as root in containers, where Chromium's own sandbox does not work.
const browser = (executablePath: string) => ({ launchOptions: { executablePath, args: ['--no-sandbox'] } });

// No retries: a flaky test has a bug to find.
export default defineConfig({
  testDir: 'tests',
  // One more than there are cores, because tests wait for the clock, too.
  workers: Math.min(availableParallelism() + 1, 6),
  fullyParallel: true,
  projects: [
    { name: 'studio', testIgnore: MEASURED, use: browser(process.env.HEADLESS_SHELL ?? CHROMIUM) },
    { name: 'measured', testMatch: MEASURED, workers: 1, dependencies: ['studio'] },
  ],
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // Only what hangs takes as long: a machine that does much else needs several times what an idle one does.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    // Animations off: contrast is measured on final colours.
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 20_000,
    screenshot: 'only-on-failure',
    ...browser(CHROMIUM),
  },
});

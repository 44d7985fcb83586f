import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { passes } from '../support/accessible.ts';
import { expect, test } from '../support/test.ts';

/** The commands that run the examples. */
const RUN = {
  curl: (code: string) => execFileSync('sh', ['-c', code.replace('curl', 'curl -sS -i')], { encoding: 'utf8' }),
  JavaScript: (code: string) => execFileSync('node', ['--input-type=module', '-e', code], { encoding: 'utf8' }),
  Python: (code: string) => execFileSync('python3', ['-c', code], { encoding: 'utf8' }),
};

test('an operation is found with the keyboard, its examples run as they are, and it is tried', async ({ page, api }) => {
  await page.goto('/reference');
  await expect(page.getByRole('heading', { name: 'Authentication' })).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('create flow');
  await expect(page).toHaveURL(/q=create/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Create flow' })).toBeVisible();
  await expect(page.getByText('edit_flows')).toBeVisible();
  await passes(page, 'an operation');

  for (const [language, run] of Object.entries(RUN)) {
    const answer = run(await exampleIn(page, language));
    expect(answer, language).toContain('201');
    expect(answer, language).toContain('"name":"Retry demo"');
  }

  const flow = await api.flowNamed('Retry demo');
  await page.goto('/reference?operation=show_flow');
  await page.getByRole('textbox', { name: 'id' }).fill(flow);
  await page.getByRole('button', { name: 'Send request' }).click();
  await expect(page.getByRole('region', { name: 'Response' })).toContainText('Retry demo');

  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/reference?operation=delete_flow');
  await page.getByRole('textbox', { name: 'id' }).fill(flow);
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.getByRole('button', { name: 'Send it' }).click();
  await expect(page.getByRole('region', { name: 'Response' })).toContainText('204');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

async function exampleIn(page: Page, language: string): Promise<string> {
  await page.getByText(language, { exact: true }).first().click();
  return page.getByRole('region', { name: language }).innerText();
}

import { passes } from '../support/accessible.ts';
import { startProvider } from '../support/provider.ts';
import { expect, test } from '../support/test.ts';

test('an agent is tried before it is saved, compared, and restored', async ({ page }) => {
  const provider = await startProvider();
  await page.goto('/agents?agent=new');
  const drawer = page.getByRole('dialog', { name: 'New agent' });
  await drawer.getByRole('textbox', { name: 'Name', exact: true }).fill('Vendor analyst');
  await drawer.getByRole('textbox', { name: 'Base URL' }).fill(provider.url);

  await drawer.getByRole('button', { name: 'List models' }).click();
  await expect(drawer.getByText('2 models listed')).toBeVisible();
  await drawer.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'small' }).click();
  await drawer.getByRole('button', { name: 'Test connection' }).click();
  await expect(drawer.getByText('The model answered.')).toBeVisible();
  await drawer.getByRole('textbox', { name: 'Skill name' }).fill('score');
  await drawer.getByRole('textbox', { name: 'Instructions' }).fill('Rate ${input.vendor}.\nBe kind.');
  await drawer.getByRole('button', { name: 'Input and output schema' }).click();
  await drawer.getByRole('button', { name: 'Describe an object' }).click();
  await drawer.getByRole('button', { name: 'Add field' }).click();
  await drawer.getByRole('region', { name: 'Field field_1' }).getByRole('textbox', { name: 'Name' }).fill('risk');
  await drawer.getByRole('region', { name: 'Field risk' }).getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Number', exact: true }).click();
  await passes(page, 'the form');

  await drawer.getByRole('tab', { name: 'Playground' }).click();
  const input = drawer.getByRole('textbox', { name: 'Input (JSON)' });
  await input.fill('{"vendor": "ACME"}');
  await drawer.getByRole('switch', { name: 'Compare' }).check();
  const variant = drawer.getByRole('region', { name: 'Variant' });
  await variant.getByRole('combobox', { name: 'Model' }).fill('large');
  await drawer.getByRole('button', { name: 'Run both' }).click();
  await expect(drawer.getByText('Fits the output schema')).toBeVisible();
  await expect(variant.getByText('Does not fit the output schema')).toBeVisible();
  const first = drawer.getByRole('region', { name: 'As in the form' });
  await first.getByText('Prompt').click();
  await expect(first.getByText(/^Rate ACME\./)).toBeVisible();
  await passes(page, 'the playground');

  await drawer.getByRole('tab', { name: 'Settings' }).click();
  await drawer.getByRole('button', { name: 'Save agent' }).click();
  await page.getByRole('button', { name: 'Edit Vendor analyst' }).click();
  const saved = page.getByRole('dialog', { name: 'Edit agent' });
  await saved.getByRole('textbox', { name: 'Instructions' }).fill('Rate ${input.vendor}.\nBe strict.');
  await saved.getByRole('button', { name: 'Save agent' }).click();
  await page.getByRole('button', { name: 'Edit Vendor analyst' }).click();
  await saved.getByRole('tab', { name: 'Versions' }).click();
  await saved.getByRole('button', { name: /Version 2/ }).click();
  await expect(saved.getByRole('listitem').filter({ hasText: 'removed: Be kind.' }).first()).toBeVisible();
  await passes(page, 'the versions');
  await saved.getByRole('button', { name: /Version 1/ }).click();
  await saved.getByRole('button', { name: 'Restore version 1' }).click();
  await expect(saved.getByRole('button', { name: /Version 3/ })).toBeVisible();
  await saved.getByRole('tab', { name: 'Settings' }).click();
  await expect(saved.getByRole('textbox', { name: 'Instructions' })).toHaveValue('Rate ${input.vendor}.\nBe kind.');
  provider.close();
});

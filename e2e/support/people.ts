/** People who join and sign in, as the pages of the studio let them. */
import { expect, type Page } from '@playwright/test';
import { Api } from './api.ts';
import type { Server } from './server.ts';

export const PASSWORD = 'correct horse battery';

/** Opens a link to join with, and becomes a member. */
export async function join(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Your name').fill(name);
  const email = page.getByLabel('E-mail address');
  if (await email.isEditable()) await email.fill(`${name.toLowerCase()}@example.org`);
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page).toHaveURL(/\/flows$/);
}

/** Makes the first admin of a server. */
export async function firstAdmin(page: Page, server: Server): Promise<void> {
  if (server.joinUrl === null) throw new Error('The server asks nobody who they are.');
  await join(page, server.joinUrl, 'Ann');
}

/** Invites somebody as a role; returns the link. */
export async function invite(page: Page, email: string, role: string): Promise<string> {
  await page.goto('/members');
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('E-mail address').fill(email);
  await dialog.getByRole('radio', { name: role }).check();
  await dialog.getByRole('button', { name: 'Make link' }).click();
  const link = await dialog.getByLabel('Link', { exact: true }).inputValue();
  await dialog.getByRole('button', { name: 'Done' }).click();
  return link;
}

/** Makes an API key on the page; returns it. */
export async function createKey(page: Page, name: string, role: string): Promise<string> {
  await page.goto('/keys');
  await page.getByRole('button', { name: 'Create key' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Create an API key' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('radio', { name: role }).check();
  await dialog.getByRole('button', { name: 'Create key' }).click();
  const key = await dialog.getByLabel('API key').inputValue();
  await dialog.getByRole('button', { name: 'Done' }).click();
  return key;
}

/** Calls a server as who has signed in on a page, with a key made there. */
export async function apiOf(page: Page, server: Server): Promise<Api> {
  return new Api(server.url, await createKey(page, 'Tests', 'Admin'));
}

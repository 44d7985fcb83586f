/** Calls about tenants, for admins of the default one. */
import { call } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A tenant, what it may use, and what it uses of that. */
export type Tenant = Schemas['Tenant'];
/** What a tenant may use. */
export type TenantQuota = Schemas['TenantQuota'];
export type MadeTenant = Schemas['MadeTenant'];

export async function listTenants(signal: AbortSignal): Promise<Listed<Tenant>> {
  return parted<Tenant, Damaged>((await call('GET', '/studio/tenants', { signal })).data);
}

export async function createTenant(body: Schemas['NewTenant']): Promise<MadeTenant> {
  return (await call('POST', '/studio/tenants', { body })).data;
}

export async function changeTenant(id: string, body: Schemas['TenantPatch']): Promise<Tenant> {
  return (await call('PATCH', '/studio/tenants/{id}', { path: { id }, body })).data;
}

export async function deleteTenant(id: string, name: string, cancel: boolean): Promise<void> {
  await call('DELETE', '/studio/tenants/{id}', { path: { id }, query: { name, cancel } });
}

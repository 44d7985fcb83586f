/** Calls about alerts: what people want to be told of, and how. */
import { call } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components } from './schema';

type Schemas = components['schemas'];

/** An alert with its last messages. */
export type Alert = Schemas['Alert'];
/** An alert, as it is written. */
export type AlertInput = Schemas['AlertInput'];

export async function listAlerts(signal: AbortSignal): Promise<Listed<Alert>> {
  return parted<Alert, Damaged>((await call('GET', '/studio/alerts', { signal })).data);
}

/** Creates an alert or, with an id, changes it. */
export async function saveAlert(id: string | null, body: AlertInput): Promise<Alert> {
  if (id === null) return (await call('POST', '/studio/alerts', { body })).data;
  return (await call('PATCH', '/studio/alerts/{id}', { path: { id }, body })).data;
}

export async function deleteAlert(id: string): Promise<void> {
  await call('DELETE', '/studio/alerts/{id}', { path: { id } });
}

export async function testAlert(id: string): Promise<Schemas['AlertTest']> {
  return (await call('POST', '/studio/alerts/{id}/test', { path: { id } })).data;
}

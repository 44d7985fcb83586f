/** Who has a flow open in the editor. */
import { call } from './client';
import type { components } from './schema';

export type Presence = components['schemas']['Presence'];
export type OtherTab = components['schemas']['OtherTab'];

/** Says that a flow is open in a tab, and returns in which others it is. */
export async function putPresence(id: string, tab: string, signal?: AbortSignal): Promise<Presence> {
  return (await call('PUT', '/studio/flows/{id}/presence/{tab}', { path: { id, tab }, signal })).data;
}

/** Says that a flow is not open in a tab any more, also while the page is closing. */
export async function endPresence(id: string, tab: string): Promise<void> {
  await call('DELETE', '/studio/flows/{id}/presence/{tab}', { path: { id, tab }, keepalive: true });
}

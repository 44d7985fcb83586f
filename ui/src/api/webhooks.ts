/** Flows that other services call, and what became of the last calls. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client';
import type { components } from './schema';

/** The webhook of a flow, as it is saved. */
export type Webhook = components['schemas']['Webhook'];
/** A call that was answered, or several alike. */
export type WebhookCall = components['schemas']['WebhookCall'];

const ASK_EVERY_MS = 3_000;

/** The webhook of one flow; `null` while it has none. A change of the flow asks for it again. */
export const webhookOfQuery = (flow: string) =>
  queryOptions({
    queryKey: ['flows', flow, 'webhook'],
    queryFn: async ({ signal }) =>
      (await call('GET', '/studio/webhooks', { query: { flow_id: flow }, signal })).data[0] ?? null,
    refetchInterval: ASK_EVERY_MS,
  });

/** How the server is. Not a part of the API under `/api`, so it has no operation there. */
import { queryOptions } from '@tanstack/react-query';
import { parseJson } from '@/lib/json';
import { call } from './client';
import { authorization } from './credentials';
import type { components } from './schema';

type Health = components['schemas']['Health'];

const ASK_EVERY_MS = 30_000;

/** How the server is; `null` where it does not say so. */
export const healthQuery = () =>
  queryOptions({
    queryKey: ['health'],
    queryFn: ({ signal }) => readHealth(signal),
    refetchInterval: ASK_EVERY_MS,
    retry: false,
  });

/**
 * Has a demo kill the engine that it has now, as `kill -9` does. A browser sends a request again whose connection breaks, as this one's
 * may: the next engine must not be killed by that.
 */
export async function killEngine(): Promise<void> {
  const engine = (await readHealth())?.demo_engine;
  await call('POST', '/studio/demo/kill', { query: { engine } });
}

async function readHealth(signal?: AbortSignal): Promise<Health | null> {
  const answer = await fetch('/healthz', { headers: authorization(), signal });
  return answer.ok ? (parseJson(await answer.text()) as Health) : null;
}

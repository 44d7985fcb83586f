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
    queryFn: async ({ signal }) => {
      const answer = await fetch('/healthz', { headers: authorization(), signal });
      return answer.ok ? (parseJson(await answer.text()) as Health) : null;
    },
    refetchInterval: ASK_EVERY_MS,
    retry: false,
  });

/** Has a demo kill its engine, as `kill -9` does. */
export async function killEngine(): Promise<void> {
  await call('POST', '/studio/demo/kill', {});
}

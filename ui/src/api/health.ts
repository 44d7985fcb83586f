/** How the server is. Not a part of the API under `/api`, so it has no operation there. */
import { queryOptions } from '@tanstack/react-query';
import { parseJson } from '@/lib/json';
import { authorization } from './credentials';
import type { components } from './schema';

type Health = components['schemas']['Health'];

const ASK_EVERY_MS = 30_000;

/** How much room the database has: `enough`, `low` or `reserved`; `null` while that is not known. */
export const roomQuery = () =>
  queryOptions({
    queryKey: ['room'],
    queryFn: async ({ signal }) => {
      const answer = await fetch('/healthz', { headers: authorization(), signal });
      return answer.ok ? (parseJson(await answer.text()) as Health).room : null;
    },
    refetchInterval: ASK_EVERY_MS,
    retry: false,
  });

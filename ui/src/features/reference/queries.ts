import { queryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import type { OpenApi } from './document';

/** The server's description of its own API. It is the same for as long as the server lives. */
export const documentQuery = () =>
  queryOptions({
    queryKey: ['openapi'],
    queryFn: async ({ signal }) => {
      const { data } = await call('GET', '/openapi.json', { signal });
      return data as unknown as OpenApi;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

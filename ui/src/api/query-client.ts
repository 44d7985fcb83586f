import { QueryClient } from '@tanstack/react-query';
import { sharedJson } from '@/lib/shared-json';
import { toProblem } from './problem';

/** Server state. Requests are retried only where that may help, also while the browser is offline: the server may be this machine. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always',
        staleTime: 2_000,
        structuralSharing: sharedJson,
        retry: (failures, error) => failures < 2 && toProblem(error).isTransient,
        retryDelay: (failures) => 400 * 2 ** failures,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

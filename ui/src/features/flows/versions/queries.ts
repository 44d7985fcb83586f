import { queryOptions } from '@tanstack/react-query';
import { listVersions } from '@/api/flows';

/** Every version of a flow, newest first. */
export const versionsQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['flows', flowId, 'versions'],
    queryFn: ({ signal }) => listVersions(flowId, signal),
    staleTime: 0,
  });

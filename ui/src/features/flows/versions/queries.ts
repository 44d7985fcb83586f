import { queryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import type { Flow } from '@/api/types';

/** One version of a flow: its document, and when it was saved. */
export type FlowVersion = Omit<Flow, 'id' | 'status' | 'updated_at' | 'execution_counts'> & {
  /** Whether it is the one that new executions run on. */
  is_current: boolean;
};

/** Every version of a flow, newest first. */
export const versionsQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['flows', flowId, 'versions'],
    queryFn: async ({ signal }) =>
      (await call<FlowVersion[]>('GET', `/studio/flows/${flowId}/versions`, { signal })).data,
    staleTime: 0,
  });

/** Makes a new version with the document of an older one. */
export async function restoreVersion(flowId: string, version: number): Promise<Flow> {
  return (await call<Flow>('POST', `/studio/flows/${flowId}/restore-version`, { query: { version } })).data;
}

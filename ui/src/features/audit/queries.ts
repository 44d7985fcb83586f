import { infiniteQueryOptions } from '@tanstack/react-query';
import { type AuditFilter, listAudit } from '@/api/audit';

/** Pages of the log, newest first. */
export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) => listAudit(filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

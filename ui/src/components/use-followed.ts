import { queryOptions, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { addressOf } from '@/api/client';
import { getExecution } from '@/api/executions';
import type { Execution } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { coalesce } from '@/lib/coalesce';
import { sharedJson } from '@/lib/shared-json';
import { isFinished } from './status';

/** The shortest time between two looks at an execution. */
const LOOK_MS = 150;
const POLL_MS = 1_000;
/** A proxy may keep a stream open after its server is gone, so the execution is also polled. */
const CHECK_MS = 5_000;

const followedQuery = (id: string) =>
  queryOptions({
    queryKey: ['executions', 'followed', id],
    queryFn: ({ signal }) => getExecution(id, signal),
    structuralSharing: sharedJson,
  });

/** An execution, looked at again whenever something happens to it, until it has ended. */
export function useFollowed(id: string): UseQueryResult<Execution> {
  const query = useQuery(followedQuery(id));
  const { refetch } = query;
  const look = useMemo(() => coalesce(() => void refetch(), LOOK_MS), [refetch]);
  useEffect(() => () => look.cancel(), [look]);
  const isOpen = query.data !== undefined && !isFinished(query.data.status);
  const url = isOpen ? addressOf('/studio/executions/{id}/events', { path: { id } }) : null;
  const stream = useStream(url, look, query.data?.seq);
  const pollMs = stream === 'live' ? CHECK_MS : POLL_MS;
  useQuery({ ...followedQuery(id), refetchInterval: isOpen && pollMs, notifyOnChangeProps: [] });
  return query;
}

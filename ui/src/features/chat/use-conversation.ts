import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '@/api/client';
import { eventsUrl, executionIn } from '@/api/events';
import { getExecution, listExecutions } from '@/api/executions';
import { Problem } from '@/api/problem';
import type { SessionTurn } from '@/api/sessions';
import type { ExecutionRow } from '@/api/types';
import { useStream } from '@/api/use-stream';
import { isFinished } from '@/components/status';
import { sharedJson } from '@/lib/shared-json';
import { type ChatEntry, entriesFrom, withRow } from './entries';

const SHOWN_MAX = 100;
const POLL_MS = 1_000;
/** A proxy may keep a stream open after its server is gone, so the list is also polled. */
const CHECK_MS = 5_000;

/** Which conversation. */
export interface ConversationId {
  flowId: string;
  conversation: string;
  agentId: string;
  session: string;
  /** Whether the address names it, so that it may have turns whose executions are deleted. */
  isNamed: boolean;
}

const rowsQuery = (flowId: string, conversation: string) =>
  queryOptions({
    queryKey: ['executions', 'chat', flowId, conversation],
    queryFn: async ({ signal }) => {
      const filter = { flow_id: flowId, q: conversation };
      const { rows } = await listExecutions(filter, null, signal, SHOWN_MAX);
      return rows.filter((row) => row.context_id === conversation);
    },
    structuralSharing: sharedJson as never,
  });

/** The last turns of a session; none before there is one. `completed` are the executions that may have added one. */
const turnsQuery = (agentId: string, session: string, completed: readonly string[]) =>
  queryOptions({
    queryKey: ['agents', 'sessions', agentId, session, 'chat', completed],
    queryFn: async ({ signal }): Promise<readonly SessionTurn[]> => {
      const options = { path: { id: agentId, key: session }, query: { limit: SHOWN_MAX }, signal };
      try {
        return (await call('GET', '/studio/agents/{id}/sessions/{key}', options)).data.turns;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return [];
        throw error;
      }
    },
    placeholderData: keepPreviousData,
    structuralSharing: sharedJson as never,
  });

/** An execution of a conversation, fetched again when its row changes. */
export const executionQuery = (id: string) =>
  queryOptions({
    queryKey: ['executions', 'chat', 'one', id],
    queryFn: ({ signal }) => getExecution(id, signal),
    structuralSharing: sharedJson as never,
  });

interface LiveConversation {
  entries: readonly ChatEntry[];
  /** The ids of its executions, also of those that others have replaced. */
  known: readonly string[];
  /** Whether it was not read yet. */
  isLoading: boolean;
  error: unknown;
  refetch: () => void;
}

/** The messages of a conversation, regardless of who writes them: other tabs, or another program. */
export function useConversation({ flowId, conversation, agentId, session, isNamed }: ConversationId): LiveConversation {
  const queries = useQueryClient();
  const rows = useQuery(rowsQuery(flowId, conversation));
  const receive = (row: ExecutionRow | null) => {
    if (row === null) return void rows.refetch();
    if (row.context_id !== conversation || row.parent_id !== null) return;
    const { queryKey } = rowsQuery(flowId, conversation);
    queries.setQueryData(queryKey, (before) => before && withRow(before, row));
    void queries.invalidateQueries({ queryKey: executionQuery(row.id).queryKey });
  };
  const stream = useStream(eventsUrl(flowId), (event) => receive(executionIn(event)));
  const list = rows.data ?? [];
  const isOpen = list.some(({ status }) => !isFinished(status));
  const pollMs = stream === 'live' || !isOpen ? CHECK_MS : POLL_MS;
  useQuery({ ...rowsQuery(flowId, conversation), refetchInterval: pollMs, notifyOnChangeProps: [] });

  // A turn is there as soon as its execution has completed. Before the first one, there is no session.
  const completed = list.filter(({ status }) => status === 'completed').map(({ id }) => id);
  const isKnown = completed.length > 0 || (isNamed && !rows.isPending && list.length === 0);
  const turns = useQuery({ ...turnsQuery(agentId, session, completed), enabled: isKnown });

  return {
    entries: entriesFrom(list, turns.data ?? []),
    known: list.map(({ id }) => id),
    isLoading: rows.isPending || turns.isLoading,
    error: rows.error ?? turns.error,
    refetch: () => {
      void rows.refetch();
      if (isKnown) void turns.refetch();
    },
  };
}

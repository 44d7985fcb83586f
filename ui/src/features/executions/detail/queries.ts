import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import {
  type ForkVersion,
  getConversation,
  getExecution,
  getForkPlan,
  getJournal,
  getRetryPlan,
  listChildren,
  type RetryMode,
} from '@/api/executions';
import type { Execution, ExecutionStatus, JournalEvent } from '@/api/types';
import { sharedJson } from '@/lib/shared-json';
import { joined, lastSeq } from './journal-records';

/** One execution. Events are merged into it as they arrive; a response that is older than them is dropped. */
export const executionQuery = (id: string) =>
  queryOptions({
    queryKey: ['executions', 'detail', id],
    queryFn: ({ signal }) => getExecution(id, signal),
    structuralSharing: (old, fresh) => newer(old as Execution | undefined, fresh as Execution),
  });

/** The journal of an execution. It only grows, so only what is new is fetched. */
export const journalQuery = (id: string) =>
  queryOptions({
    queryKey: ['executions', 'journal', id],
    queryFn: async ({ client, queryKey, signal }): Promise<readonly JournalEvent[]> => {
      const known = client.getQueryData<readonly JournalEvent[]>(queryKey) ?? [];
      return joined(known, await getJournal(id, lastSeq(known), signal));
    },
    structuralSharing: (old, fresh) => joined((old as readonly JournalEvent[]) ?? [], fresh as readonly JournalEvent[]),
  });

/** A page of the executions that a node of an execution started. */
export const childrenQuery = (
  id: string,
  nodeId: string,
  status: ExecutionStatus | undefined,
  cursor: string | null,
  isOpen: boolean,
) =>
  queryOptions({
    // What was fetched last while it ran is older than its end, so that is fetched apart.
    queryKey: ['executions', 'children', id, nodeId, status, cursor, isOpen],
    queryFn: ({ signal }) => listChildren(id, nodeId, status && [status], cursor, signal),
    placeholderData: keepPreviousData,
    structuralSharing: sharedJson,
    refetchInterval: isOpen && CHILDREN_MS,
  });

/** How often the executions that a node started are fetched again while it runs. */
const CHILDREN_MS = 1_000;

/** How often a conversation is fetched again until it has the record that is known. */
const CATCH_UP_MS = 100;

/** What an agent was asked and answered in a node. It is fetched again until it has the record `seq`. */
export const conversationQuery = (id: string, nodeId: string, seq: number) =>
  queryOptions({
    queryKey: ['executions', 'conversation', id, nodeId],
    queryFn: ({ signal }) => getConversation(id, nodeId, signal),
    structuralSharing: sharedJson,
    refetchInterval: ({ state }) => state.data !== undefined && state.data.seq < seq && CATCH_UP_MS,
  });

/** What a retry would run and reuse; fetched whenever the dialog opens. */
export const retryPlanQuery = (id: string, mode: RetryMode, version: ForkVersion) =>
  queryOptions({
    queryKey: ['executions', 'retry-plan', id, mode, version],
    queryFn: ({ signal }) => getRetryPlan(id, mode, version, signal),
    staleTime: 0,
  });

/** What a fork from a node would run and reuse; fetched whenever the dialog opens. */
export const forkPlanQuery = (id: string, nodeId: string, version: ForkVersion) =>
  queryOptions({
    queryKey: ['executions', 'fork-plan', id, nodeId, version],
    queryFn: ({ signal }) => getForkPlan(id, nodeId, version, signal),
    staleTime: 0,
  });

function newer(old: Execution | undefined, fresh: Execution): Execution {
  if (!old) return fresh;
  if (fresh.seq < old.seq) return old;
  // The server lists a retry or a fork shortly after accepting it; one that is known is kept until then.
  const retries = old.retried_by.filter((id) => !fresh.retried_by.includes(id));
  const forks = old.forks.filter((id) => !fresh.forks.includes(id));
  return sharedJson(old, {
    ...fresh,
    retried_by: [...fresh.retried_by, ...retries],
    forks: [...fresh.forks, ...forks],
  }) as Execution;
}

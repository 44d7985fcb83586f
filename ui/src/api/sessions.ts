/** Calls about sessions of agents: conversations that executions share. */
import { infiniteQueryOptions } from '@tanstack/react-query';
import { call, nextCursor } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A session without its turns. */
export type SessionSummary = Schemas['SessionSummary'];
/** A session with some of its turns. */
export type Session = Schemas['Session'];
/** What was asked and answered. */
export type SessionTurn = Schemas['SessionTurn'];
/** What stands for the oldest turns. */
export type TurnsSummary = Schemas['TurnsSummary'];

/** Whose session it is, and its key. */
export interface SessionId {
  agent: string;
  key: string;
}

const SESSIONS_PER_PAGE = 50;
const TURNS_PER_PAGE = 20;
const REFRESH_MS = 5_000;

/** The sessions of an agent, the last used first. */
export const sessionsQuery = (agent: string) =>
  infiniteQueryOptions({
    queryKey: ['agents', 'sessions', agent],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { limit: SESSIONS_PER_PAGE, cursor };
      const { data, headers } = await call('GET', '/studio/agents/{id}/sessions', {
        path: { id: agent },
        query,
        signal,
      });
      return { rows: data, total: Number(headers.get('x-total-count')), next: nextCursor(headers.get('link')) };
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: REFRESH_MS,
  });

/** Some turns of a session: from the number `first` on, and before the number `before` where there is one. */
export interface TurnSpan {
  first: number;
  before?: number | undefined;
  /** The last turn of the summary before them; the newest one where it is not said. */
  summaryUpTo?: number | undefined;
}

/** A session with its turns, the newest page first, and in order in each page. */
export const turnsQuery = ({ agent, key }: SessionId, { first, before, summaryUpTo }: TurnSpan) =>
  infiniteQueryOptions({
    queryKey: ['agents', 'sessions', agent, key, first, before, summaryUpTo],
    queryFn: async ({ pageParam, signal }): Promise<Session> => {
      const limit = Math.min(TURNS_PER_PAGE, pageParam === undefined ? TURNS_PER_PAGE : pageParam - first);
      const query = { limit: Math.max(limit, 1), before: pageParam, summary_up_to: summaryUpTo };
      const { data } = await call('GET', '/studio/agents/{id}/sessions/{key}', {
        path: { id: agent, key },
        query,
        signal,
      });
      return { ...data, turns: data.turns.filter(({ number }) => number >= first) };
    },
    initialPageParam: before,
    getNextPageParam: ({ turns: [oldest] }) => (oldest && oldest.number > first ? oldest.number : undefined),
    staleTime: 0,
  });

/** Deletes a session with its turns. Throws a `Problem` while an execution has it. */
export async function deleteSession({ agent, key }: SessionId): Promise<void> {
  await call('DELETE', '/studio/agents/{id}/sessions/{key}', { path: { id: agent, key } });
}

/** Writes the last turn again and returns the id of the new execution; calls with the same key start only one. */
export async function regenerateTurn({ agent, key }: SessionId, turn: number, idempotencyKey: string): Promise<string> {
  const options = { path: { id: agent, key }, body: { turn }, idempotencyKey };
  return (await call('POST', '/studio/agents/{id}/sessions/{key}/regenerate', options)).data.new_execution_id;
}

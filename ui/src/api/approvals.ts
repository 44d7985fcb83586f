/** Calls about approvals: calls of tools that wait until a person has decided on them. */
import { queryOptions } from '@tanstack/react-query';
import { call, nextCursor } from './client';
import { listExecutions } from './executions';
import type { components } from './schema';

type Schemas = components['schemas'];

/** A call that waits for approval. */
export type Approval = Schemas['Approval'];

/** A person's decision about it. */
export type ApprovalDecision = Schemas['ApprovalDecision'];

export const approvalsKey = ['approvals'] as const;

/** The API reads at most this many executions, the newest. */
const EXECUTIONS_MAX = 100;

/** The calls that wait. Events trigger a new fetch; polling covers what events miss. */
export const approvalsQuery = () =>
  queryOptions({
    queryKey: [...approvalsKey, 'list'],
    queryFn: async ({ signal }) => {
      const { data, headers } = await call('GET', '/studio/approvals', { query: { limit: EXECUTIONS_MAX }, signal });
      return { rows: data, hasMore: nextCursor(headers.get('link')) !== null };
    },
    refetchInterval: 15_000,
  });

const WAITING_MAX = 99;

/** How many executions have calls that wait, up to 99. Polled, because the badge is on every page. */
export const approvalsWaitingQuery = () =>
  queryOptions({
    queryKey: [...approvalsKey, 'waiting'],
    queryFn: async ({ signal }) => {
      const { rows, next } = await listExecutions({ waiting_for: 'approval', roots: false }, null, signal, WAITING_MAX);
      return { count: rows.length, hasMore: next !== null };
    },
    refetchInterval: 10_000,
  });

export async function decideApproval(id: string, decision: ApprovalDecision): Promise<void> {
  await call('POST', '/studio/approvals/{id}', { path: { id }, body: decision });
}

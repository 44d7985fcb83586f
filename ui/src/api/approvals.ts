/** Calls about approvals: what waits until a person has decided on it. */
import { queryOptions } from '@tanstack/react-query';
import { call, nextCursor } from './client';
import { listExecutions } from './executions';
import { asWhole } from './preview';
import { toProblem } from './problem';
import type { components } from './schema';

type Schemas = components['schemas'];

/** Something that waits, or waited, for a person: a call of a tool, an output, a request for input, or a node. */
export type Approval = Schemas['Approval'];

/** A person's decision about it. */
export type ApprovalDecision = Schemas['ApprovalDecision'];

export const approvalsKey = ['approvals'] as const;

/** The API reads at most this many executions, the newest. */
const EXECUTIONS_MAX = 100;

/** All that waits. Events trigger a new fetch; polling covers what events miss. */
export const approvalsQuery = () =>
  queryOptions({
    queryKey: [...approvalsKey, 'list'],
    queryFn: async ({ signal }) => {
      const { data, headers } = await call('GET', '/studio/approvals', { query: { limit: EXECUTIONS_MAX }, signal });
      return { rows: data, hasMore: nextCursor(headers.get('link')) !== null };
    },
    refetchInterval: 15_000,
  });

/** One approval; `state` is what it depends on, so that it is fetched again when that changes. */
export const approvalQuery = (id: string, state: string) =>
  queryOptions({
    queryKey: [...approvalsKey, 'one', id, state],
    queryFn: ({ signal }) => getApproval(id, signal),
  });

export async function getApproval(id: string, signal?: AbortSignal): Promise<Approval> {
  return (await call('GET', '/studio/approvals/{id}', { path: { id }, signal })).data;
}

const WAITING_MAX = 99;

/** How many executions wait for a person, up to 99. Polled, because the badge is on every page. */
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

/** What a link to decide with is about, as the person sees it who has it. */
export type Decision = Schemas['Decision'];
export type DecisionLink = Schemas['DecisionLink'];

/**
 * What the link with this token is about. Who waits in front of it sees when somebody else has decided, and who has sent a
 * decision that is on its way (`isSent`) when that is known.
 */
export const decisionQuery = (token: string, isSent = false) =>
  queryOptions({
    queryKey: ['decisions', token],
    queryFn: async ({ signal }): Promise<Decision> => {
      const { data } = await call('GET', '/decisions/{token}', { path: { token }, signal });
      return { ...data, arguments: asWhole(data.arguments), form: asWhole(data.form) };
    },
    structuralSharing: false,
    // Goes on while the server is away, until there is nothing to decide on any more.
    refetchInterval: ({ state }) =>
      state.data && (!state.error || toProblem(state.error).isTransient) ? (isSent ? 1_000 : 15_000) : false,
  });

/** Decides by a link. Returns whether it is known that this counts: else it is on its way to who drives the execution. */
export async function decideByLink(token: string, decision: ApprovalDecision): Promise<boolean> {
  const { data } = await call('POST', '/decisions/{token}', { path: { token }, body: decision });
  return data.decided !== null;
}

/** Makes a link for one person, who may have a name. */
export async function createLink(id: string, name: string): Promise<DecisionLink> {
  const body = name ? { for: name } : {};
  return (await call('POST', '/studio/approvals/{id}/links', { path: { id }, body })).data;
}

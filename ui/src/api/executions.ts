/** Calls about executions. */
import { queryOptions } from '@tanstack/react-query';
import { rememberStarted } from '@/lib/started';
import { call, nextCursor } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components, operations } from './schema';
import type { Conversation, Execution, ExecutionRow, ExecutionStatus, JournalEvent } from './types';

type Schemas = components['schemas'];

/** The filters of lists of executions; times are RFC 3339. */
export type ExecutionFilter = Omit<
  NonNullable<operations['list_executions']['parameters']['query']>,
  'limit' | 'cursor'
>;

export interface ExecutionPage extends Listed<ExecutionRow> {
  next: string | null;
}

const EXECUTIONS_PER_PAGE = 100;
const CHILDREN_PER_PAGE = 50;

export async function listExecutions(
  filter: ExecutionFilter,
  cursor: string | null = null,
  signal?: AbortSignal,
  limit = EXECUTIONS_PER_PAGE,
): Promise<ExecutionPage> {
  const query = { ...filter, limit, cursor };
  const { data, headers } = await call('GET', '/studio/executions', { query, signal });
  return { ...parted<ExecutionRow, Damaged>(data), next: nextCursor(headers.get('link')) };
}

export interface ChildPage extends ExecutionPage {
  /** How many there are on all pages; `null` where it is not known. */
  total: number | null;
}

/** A page of the executions that a node started, in the order of its items or iterations. */
export async function listChildren(
  parent: string,
  node: string,
  status: readonly ExecutionStatus[] | undefined,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<ChildPage> {
  const query = { parent_id: parent, parent_node: node, status, limit: CHILDREN_PER_PAGE, cursor };
  const { data, headers } = await call('GET', '/studio/executions', { query, signal });
  const total = headers.get('x-total-count');
  return {
    ...parted<ExecutionRow, Damaged>(data),
    next: nextCursor(headers.get('link')),
    total: total === null ? null : Number(total),
  };
}

const WAITING_MAX = 99;

/** How many executions wait for a person's decision, up to 99. Polled, because the badge is on every page. */
export const waitingQuery = () =>
  queryOptions({
    queryKey: ['executions', 'waiting'],
    queryFn: async ({ signal }) => {
      const { rows, next } = await listExecutions({ waiting_for: 'decision', roots: false }, null, signal, WAITING_MAX);
      return { count: rows.length, hasMore: next !== null };
    },
    refetchInterval: 10_000,
  });

export async function getExecution(id: string, signal?: AbortSignal): Promise<Execution> {
  return (await call('GET', '/studio/executions/{id}', { path: { id }, signal })).data;
}

const RECORDS_PER_PAGE = 1_000;

/** Returns the events after the record `after`; 0 is before the first. */
export async function getJournal(id: string, after: number, signal?: AbortSignal): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  let from = after;
  for (let hasMore = true; hasMore; ) {
    const page = await journalPage(id, from, signal);
    events.push(...page.data);
    from = page.data.at(-1)?.seq ?? from;
    hasMore = page.headers.has('link');
  }
  return events;
}

function journalPage(id: string, after: number, signal: AbortSignal | undefined) {
  const query = { after_seq: after, limit: RECORDS_PER_PAGE };
  return call('GET', '/studio/executions/{id}/journal', { path: { id }, query, signal });
}

export async function getConversation(id: string, nodeId: string, signal?: AbortSignal): Promise<Conversation> {
  const options = { path: { id, node_id: nodeId }, signal };
  return (await call('GET', '/studio/executions/{id}/nodes/{node_id}/conversation', options)).data;
}

export type Control = 'cancel' | 'stop-compensation' | 'pause' | 'resume';

export async function controlExecution(id: string, control: Control): Promise<void> {
  await call('POST', `/studio/executions/{id}/${control}`, { path: { id } });
}

export async function retryNow(id: string, nodeId: string): Promise<void> {
  await call('POST', '/studio/executions/{id}/nodes/{node_id}/retry-now', { path: { id, node_id: nodeId } });
}

export type RetryMode = Schemas['RetryMode'];
export type RetryPlan = Schemas['RetryPlanView'];
export type RetryBody = Schemas['RetryBody'];

export async function getRetryPlan(
  id: string,
  mode: RetryMode,
  version: ForkVersion,
  signal?: AbortSignal,
): Promise<RetryPlan> {
  const options = { path: { id }, query: { mode, flow_version: version }, signal };
  return (await call('GET', '/studio/executions/{id}/retry-plan', options)).data;
}

/** Retries a failed or cancelled execution and returns the id of the new one; calls with the same key start only one. */
export async function retryExecution(id: string, body: RetryBody, idempotencyKey: string): Promise<string> {
  const options = { path: { id }, body, idempotencyKey };
  const { data } = await call('POST', '/studio/executions/{id}/retry', options);
  rememberStarted(data.new_execution_id);
  return data.new_execution_id;
}

export type ForkVersion = Schemas['FlowVersionChoice'];
export type ForkPlan = Schemas['ForkPlanView'];
export type ForkBody = Schemas['ForkBody'];

export async function getForkPlan(
  id: string,
  nodeId: string,
  version: ForkVersion,
  signal?: AbortSignal,
): Promise<ForkPlan> {
  const options = { path: { id }, query: { node_id: nodeId, flow_version: version }, signal };
  return (await call('GET', '/studio/executions/{id}/fork-plan', options)).data;
}

/** Forks an execution and returns the id of the new one; calls with the same key start only one. */
export async function forkExecution(id: string, body: ForkBody, idempotencyKey: string): Promise<string> {
  return (await call('POST', '/studio/executions/{id}/fork', { path: { id }, body, idempotencyKey })).data.execution_id;
}

/** A person's decision about a waiting node. */
export type Decision = Schemas['NodeResolution'];

export async function decideNode(id: string, nodeId: string, decision: Decision): Promise<void> {
  const path = { id, node_id: nodeId };
  await call('POST', '/studio/executions/{id}/nodes/{node_id}/decide', { path, body: decision });
}

export type RetryManyBody = Schemas['RetryMany'];
export type RetriedMany = Schemas['RetriedMany'];

/** Retries the matching failed executions that were not retried before; a dry run only lists them. */
export async function retryMany(body: RetryManyBody): Promise<RetriedMany> {
  return (await call('POST', '/studio/executions/retry', { body })).data;
}

export type BulkAction = 'cancel' | 'pause' | 'resume' | 'retry';
type BulkBody = Schemas['ChangeMany'] & Schemas['RetryMany'];

/** What came of changing many executions, whatever was done with them. */
export interface BulkAnswer
  extends Pick<Schemas['ChangedMany'], 'matched' | 'skipped' | 'reasons' | 'stopped' | 'items'> {
  /** How many were changed, or would be. */
  done: number;
}

/** Cancels, pauses, resumes or retries many executions; a dry run only says what would come of it. */
export async function changeMany(
  action: BulkAction,
  body: Partial<BulkBody>,
  signal?: AbortSignal,
): Promise<BulkAnswer> {
  const options = { body: body as BulkBody, signal };
  if (action === 'retry') {
    const { data } = await call('POST', '/studio/executions/retry', options);
    return { ...data, done: data.retried };
  }
  const { data } = await call('POST', `/studio/executions/${action}`, options);
  return { ...data, done: data.changed };
}

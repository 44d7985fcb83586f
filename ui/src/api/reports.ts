/** Calls for reports: failure groups, retry analytics and costs. */
import { queryOptions } from '@tanstack/react-query';
import { withPlainNumbers } from '@/lib/json';
import { call } from './client';
import { type Damaged, type Listed, parted } from './damaged';
import type { components, operations } from './schema';

type Schemas = components['schemas'];

export type FailureGroup = Schemas['FailureGroup'];
export type RetryCounts = Schemas['RetryCounts'];
export type FlowCounts = Schemas['FlowCounts'];
export type RetryAnalytics = Schemas['RetryAnalytics'];

export type CostCounts = Schemas['CostCounts'];
export type CostAnalytics = Schemas['CostAnalytics'];
export type TimeAnalytics = Schemas['TimeAnalytics'];
export type CallTimes = Schemas['CallTimes'];

export type ReportScope = NonNullable<operations['list_failures']['parameters']['query']>;
/** A report's scope, and the length of its buckets. */
export type AnalyticsScope = NonNullable<operations['retry_analytics']['parameters']['query']>;

export type CostScope = NonNullable<operations['cost_analytics']['parameters']['query']>;
export type TimeScope = NonNullable<operations['model_times']['parameters']['query']>;

export async function listFailures(scope: ReportScope, signal: AbortSignal): Promise<Listed<FailureGroup>> {
  const { data } = await call('GET', '/studio/failures', { query: scope, signal });
  return withPlainNumbers(parted<FailureGroup, Damaged>(data));
}

export async function getRetryAnalytics(scope: AnalyticsScope, signal: AbortSignal): Promise<RetryAnalytics> {
  return withPlainNumbers((await call('GET', '/studio/analytics/retries', { query: scope, signal })).data);
}

export async function getCostAnalytics(scope: CostScope, signal: AbortSignal): Promise<CostAnalytics> {
  return withPlainNumbers((await call('GET', '/studio/analytics/costs', { query: scope, signal })).data);
}

export async function getTimeAnalytics(scope: TimeScope, signal: AbortSignal): Promise<TimeAnalytics> {
  return withPlainNumbers((await call('GET', '/studio/analytics/times', { query: scope, signal })).data);
}

export type FailureNotes = Schemas['FailureNotes'];
export type ChangeFailureNotes = Schemas['ChangeFailureNotes'];

/** Notes something about a failure group. */
export async function noteFailures(
  flowId: string,
  fingerprint: string,
  body: ChangeFailureNotes,
): Promise<FailureNotes> {
  const path = { id: flowId, fingerprint };
  return (await call('PATCH', '/studio/flows/{id}/failures/{fingerprint}', { path, body })).data;
}

/** The people who can care for failures; nobody where nobody signs in. */
export const assigneesQuery = () =>
  queryOptions({
    queryKey: ['failures', 'assignees'],
    queryFn: async ({ signal }) => (await call('GET', '/studio/failures/assignees', { signal })).data,
    staleTime: 60_000,
  });

/** The open failure groups that who uses the studio cares for. Polled, because the badge is on every page. */
export const assignedQuery = () =>
  queryOptions({
    queryKey: ['failures', 'assigned'],
    queryFn: async ({ signal }) => (await call('GET', '/studio/failures/assigned', { signal })).data,
    refetchInterval: 30_000,
  });

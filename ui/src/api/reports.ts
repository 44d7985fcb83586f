/** Calls for reports: failure groups, retry analytics and costs. */
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

export type ReportScope = NonNullable<operations['list_failures']['parameters']['query']>;
/** A report's scope, and the length of its buckets. */
export type AnalyticsScope = NonNullable<operations['retry_analytics']['parameters']['query']>;

export type CostScope = NonNullable<operations['cost_analytics']['parameters']['query']>;

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

/** Calls about how executions went: failures in groups, and the analytics of retries. */
import { call } from './client';

/** Failed executions that have flow, node, error class and normalised message in common. */
export interface FailureGroup {
  fingerprint: string;
  flow_id: string;
  flow_name: string | null;
  /** `null` for a timeout of the flow. */
  node_id: string | null;
  error_class: string | null;
  message: string;
  count: number;
  first_seen: string;
  last_seen: string;
  /** How long each bucket is. */
  bucket_seconds: number;
  /** How many ended when: equal spans without gaps, the same for all groups of an answer. */
  buckets: readonly { start: string; count: number }[];
  execution_ids: readonly string[];
}

export interface ReportScope {
  flow_id?: string | undefined;
  /** RFC 3339. */
  from?: string | undefined;
}

export async function listFailures(scope: ReportScope, signal: AbortSignal): Promise<FailureGroup[]> {
  return (await call<FailureGroup[]>('GET', '/studio/failures', { query: { ...scope }, signal })).data;
}

/** How executions, or one node's part of them, went. */
export interface RetryCounts {
  executions: number;
  completed: number;
  failed: number;
  cancelled: number;
  first_try: number;
  recovered: number;
  exhausted: number;
  timed_out: number;
  success_rate: number | null;
  first_try_rate: number | null;
  attempts: number;
  failed_attempts: number;
  failed_attempts_ms: number;
  backoff_ms: number;
  tokens_lost: number;
  manual_retries: number;
  manual_retries_completed: number;
  manual_retries_failed: number;
  manual_retries_cancelled: number;
}

export interface RetryAnalytics {
  totals: RetryCounts;
  flows: readonly (RetryCounts & { flow_id: string; flow_name: string | null })[];
  nodes: readonly (RetryCounts & { flow_id: string; node_id: string })[];
  error_classes: readonly { error_class: string; failed_attempts: number; failed_executions: number }[];
  buckets: readonly (RetryCounts & { start: string })[];
  attempts_histogram: readonly { attempts: number; node_executions: number }[];
}

export async function getRetryAnalytics(
  scope: ReportScope & { bucket: 'hour' | 'day' },
  signal: AbortSignal,
): Promise<RetryAnalytics> {
  return (await call<RetryAnalytics>('GET', '/studio/analytics/retries', { query: { ...scope }, signal })).data;
}

/** A failure group for tests. */
import type { FailureGroup, FailureNotes } from '@/api/reports';

export const NO_NOTES: FailureNotes = {
  state: 'open',
  assigned_to: null,
  muted_until: null,
  after_version: null,
  by: null,
  at: null,
};

export function aGroup(change: Partial<FailureGroup> = {}): FailureGroup {
  return {
    fingerprint: 'a1b2',
    flow_id: '01900000-0000-7000-8000-000000000004',
    flow_name: 'Never works',
    node_id: 'book',
    error_class: 'internal',
    message: 'The ledger is closed',
    pattern: 'The ledger is closed',
    count: 3,
    open: 3,
    retried: 0,
    recovered: 0,
    first_seen: '2026-11-24T08:00:00Z',
    last_seen: '2026-11-24T12:00:00Z',
    bucket_seconds: 3_600,
    buckets: [],
    execution_ids: [],
    notes: NO_NOTES,
    ...change,
  };
}

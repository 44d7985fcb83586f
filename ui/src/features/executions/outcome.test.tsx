import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { pauseKey } from '@/api/pause';
import type { ExecutionRow } from '@/api/types';
import { Outcome } from './outcome';

const saysOf = (row: Partial<ExecutionRow>, paused = false) => {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  queries.setQueryData(pauseKey, { paused });
  return render(
    <QueryClientProvider client={queries}>
      <Outcome row={{ ...RUNNING, ...row }} nameOf={(_, node) => NAMES[node] ?? node} />
    </QueryClientProvider>,
  ).container.textContent;
};

const NAMES: Record<string, string> = { pay: 'Pay the invoice' };

describe('Outcome', () => {
  it('shows what an unfinished execution waits for', () => {
    expect(saysOf({ status: 'pending', current_node_id: null })).toBe('Waiting for a free slot');
    expect(saysOf({ status: 'pending' }, true)).toBe('Waiting until everything is resumed');
    const soon = new Date(Date.now() + 59_500).toISOString();
    expect(saysOf({ status: 'pending', starts_at: soon })).toMatch(/^Starts in .+, unless another start comes$/);
    expect(saysOf({ retrying: true })).toBe('1 of 3 nodes · fetch is waiting to retry');
    expect(saysOf({ waiting_for: 'decision' })).toBe('1 of 3 nodes · fetch is waiting for your decision');
    const later = new Date(Date.now() + 59_500).toISOString();
    expect(saysOf({ retrying: true, next_retry_at: later })).toMatch(/· fetch retries in (59 s|60 s|1 min 00 s)$/);
    expect(saysOf({ waiting_for: 'delay', waiting_until: later })).toMatch(
      /· fetch continues in (59 s|60 s|1 min 00 s)$/,
    );
    expect(saysOf({ retrying: true, next_retry_at: '2026-11-24T10:00:00Z' })).toBe(
      '1 of 3 nodes · fetch is retrying now',
    );
    expect(saysOf({})).toBe('1 of 3 nodes · fetch');
    expect(saysOf({ current_node_id: 'pay' })).toBe('1 of 3 nodes · Pay the invoice');
  });

  it('shows the outcome of a finished execution', () => {
    expect(saysOf({ status: 'completed' })).toBe('1 node completed');
    expect(saysOf({ status: 'cancelled' })).toBe('1 of 3 nodes');
    expect(
      saysOf({ status: 'failed', error_message: 'It failed twice:\nAttempt 1: HTTP 503\nAttempt 2: HTTP 500' }),
    ).toBe('It failed twice: HTTP 500');
  });

  it('shows the node and its last error, which a narrow column has room for', () => {
    const saysWhy = (error_message: string) => saysOf({ status: 'failed', error_message });

    expect(
      saysWhy('Node `Pay it` (pay) failed after 2 attempts:\nAttempt 1: HTTP 503\nAttempt 2: HTTP 500: no\nIt gave up'),
    ).toBe('Pay it: HTTP 500: no');
    expect(saysWhy('Node `Pay (now)` (pay-1) failed after 1 attempt: Invoice `7` is closed')).toBe(
      'Pay (now): Invoice 7 is closed',
    );
    expect(saysWhy('Node `pay` failed after 1 attempt: HTTP 404')).toBe('pay: HTTP 404');
    expect(saysWhy('Flow execution timed out after 3 seconds')).toBe('Flow execution timed out after 3 seconds');
  });
});

const RUNNING: ExecutionRow = {
  id: '01900000-0000-7000-8000-000000000001',
  flow_id: '01900000-0000-7000-8000-000000000002',
  flow_name: 'Orders',
  flow_version: 1,
  status: 'running',
  retrying: false,
  recovered: false,
  current_node_id: 'fetch',
  triggered_by: 'api',
  next_retry_at: null,
  waiting_for: null,
  waiting_until: null,
  context_id: null,
  context_type: null,
  error_message: null,
  error_class: null,
  fingerprint: null,
  retry_of: null,
  forked_from: null,
  parent_id: null,
  parent_node_id: null,
  index: null,
  concurrency_key: null,
  starts_at: null,
  started_at: null,
  completed_at: null,
  duration_seconds: null,
  duration_ms: null,
  created_at: '2026-11-24T10:00:00Z',
  attempts: 2,
  summary: { total_nodes: 3, completed_nodes: 1, failed_nodes: 0 },
};

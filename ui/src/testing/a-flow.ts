import type { Flow } from '@/api/types';

/** A flow for tests: active, with one trigger, and every setting as it is unless somebody sets it. */
export function aFlow(change: Partial<Flow> = {}): Flow {
  return {
    id: 'f1',
    version: 1,
    status: 'active',
    folder: null,
    draft: null,
    created_at: '2026-11-24T00:00:00Z',
    updated_at: '2026-11-24T00:00:00Z',
    name: 'Vendor review',
    description: '',
    tags: [],
    is_template: false,
    retry_on_failure: false,
    retry_count: 0,
    category: null,
    max_concurrent_executions: null,
    concurrency_key: null,
    max_concurrent_per_key: null,
    priority: null,
    debounce_seconds: null,
    max_delay_seconds: null,
    budget: null,
    context_id_template: null,
    context_type_default: null,
    sensitive: null,
    timeout_seconds: null,
    flow_definition: { nodes: [{ id: 'start', type: 'trigger' }], edges: [] },
    ...change,
  };
}

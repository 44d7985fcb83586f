/** The keys of a flow document beside its graph, in the order in which they are shown and exported. */
export const FLOW_SETTINGS = [
  'name',
  'description',
  'category',
  'tags',
  'is_template',
  'retry_on_failure',
  'retry_count',
  'timeout_seconds',
  'max_concurrent_executions',
  'concurrency_key',
  'max_concurrent_per_key',
  'priority',
  'debounce_seconds',
  'max_delay_seconds',
  'budget',
  'context_id_template',
  'context_type_default',
  'sensitive',
] as const;

export type FlowSetting = (typeof FLOW_SETTINGS)[number];

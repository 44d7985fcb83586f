/** The wire types by the names that the studio uses. */
import type { ExecutionStatus, NodeStatus } from '@/lib/status';

export type FlowStatus = 'draft' | 'active' | 'paused' | 'archived';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cost?: number | null;
}

export interface ExecutionSummary {
  total_nodes: number;
  completed_nodes: number;
  failed_nodes: number;
  pending_nodes?: number;
  running_nodes?: number;
  skipped_nodes?: number;
}

/** One execution as lists show it. */
export interface ExecutionRow {
  id: string;
  flow_id: string;
  flow_name?: string | null;
  flow_version?: number;
  status: ExecutionStatus;
  retrying?: boolean;
  recovered?: boolean;
  attempts?: number;
  current_node_id?: string | null;
  context_id?: string | null;
  context_type?: string | null;
  error_message?: string | null;
  error_class?: string | null;
  retry_of?: string | null;
  started_at?: string | null;
  completed_at?: string | null;
  duration_seconds?: number | null;
  duration_ms?: number | null;
  triggered_by: string;
  fingerprint?: string | null;
  created_at: string;
  summary: ExecutionSummary;
}

export interface Attempt {
  number: number;
  started_at: string;
  ended_at?: string | null;
  duration_ms?: number | null;
  error_class?: string | null;
  error_message?: string | null;
  backoff_ms?: number | null;
  next_retry_at?: string | null;
  worker: string;
  released?: boolean;
  usage?: Usage | null;
}

export interface NodeExecution {
  id: string;
  node_id: string;
  node_name: string;
  node_type: string;
  status: NodeStatus;
  retry_attempt: number;
  max_attempts: number;
  skill_used?: string | null;
  agent_id?: string | null;
  input_data?: unknown;
  output_data?: unknown;
  error_message?: string | null;
  error_class?: string | null;
  started_at?: string | null;
  completed_at?: string | null;
  duration_ms?: number | null;
  next_retry_at?: string | null;
  waiting_for?: string | null;
  waiting_until?: string | null;
  reused?: boolean;
  usage?: Usage | null;
  attempts: readonly Attempt[];
}

export interface Execution extends ExecutionRow {
  flow_name: string;
  flow_version: number;
  result?: unknown;
  execution_data?: unknown;
  trigger_data?: unknown;
  deadline?: string | null;
  recovered: boolean;
  waiting_for?: string | null;
  seq: number;
  retried_by: readonly string[];
  usage?: Usage | null;
  node_executions: readonly NodeExecution[];
}

export interface FlowNode {
  id: string;
  name?: string;
  type: string;
  position?: { x: number; y: number };
  [key: string]: unknown;
}

export interface FlowEdge {
  from: string;
  to: string;
  condition?: unknown;
  on?: string;
  [key: string]: unknown;
}

export interface FlowDefinition {
  nodes: FlowNode[];
  edges: FlowEdge[];
  [key: string]: unknown;
}

export interface Flow {
  id: string;
  version: number;
  status: FlowStatus;
  created_at: string;
  updated_at: string;
  execution_counts?: { total: number; completed: number; failed: number; cancelled: number; unfinished: number } | null;
  name: string;
  description: string;
  category?: string | null;
  tags: readonly string[];
  is_template: boolean;
  retry_on_failure: boolean;
  retry_count: number;
  timeout_seconds?: number | null;
  max_concurrent_executions?: number | null;
  context_id_template?: string | null;
  context_type_default?: string | null;
  flow_definition: FlowDefinition;
}

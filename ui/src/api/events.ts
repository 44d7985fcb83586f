/** The content of the event streams. */
import { parseJsonOr } from '@/lib/json';
import type { SseEvent } from '@/lib/sse';
import { addressOf } from './client';
import type { ExecutionRow } from './types';

/** The stream of all executions, or of the executions of one flow. */
export function eventsUrl(flow?: string): string {
  return addressOf('/studio/events', { query: { flow_id: flow } });
}

/** Returns the execution of an event; `null` for other events, such as a gap. */
export function executionIn({ type, data }: SseEvent): ExecutionRow | null {
  if (type !== 'execution') return null;
  const row: unknown = parseJsonOr(data);
  const isRow = typeof row === 'object' && row !== null && 'id' in row && 'status' in row && 'summary' in row;
  return isRow ? (row as ExecutionRow) : null;
}
